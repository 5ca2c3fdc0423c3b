### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Ваш код: { $code } (дійсний: { $life }).
short = Ваш код: { $code }.
warning = Нікому його не повідомляйте.
