### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Kod anda: { $code } (sah selama { $life }).
short = Kod anda: { $code }.
warning = Jangan kongsi dengan sesiapa.
