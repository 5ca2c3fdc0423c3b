### Source: otp-worker 0.1.0, the warning written for 0.3.0
### Read by a speaker: in use since 0.1.0

code = O seu código: { $code } (válido { $life }).
short = O seu código: { $code }.
warning = Não o partilhe.
