### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Kode Anda: { $code } (berlaku { $life }).
short = Kode Anda: { $code }.
warning = Jangan berikan kepada siapa pun.
