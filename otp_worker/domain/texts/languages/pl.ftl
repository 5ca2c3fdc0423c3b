### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Twój kod: { $code } (ważny: { $life }).
warning = Nie podawaj go nikomu.
