### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Seu código: { $code } (válido por { $life }).
short = Seu código: { $code }.
warning = Não o compartilhe.
