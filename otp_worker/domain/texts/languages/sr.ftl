### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Ваш код: { $code } (важи: { $life }).
short = Ваш код: { $code }.
warning = Не делите га ни са ким.
