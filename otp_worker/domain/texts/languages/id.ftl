### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Kode Anda: { $code } (berlaku { $life }).
warning = Jangan berikan kepada siapa pun.
