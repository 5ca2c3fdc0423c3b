### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Twój kod: { $code } (ważny: { $life }).
short = Twój kod: { $code }.
warning = Nie podawaj go nikomu.
