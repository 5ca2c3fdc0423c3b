### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Вашият код: { $code } (валиден: { $life }).
short = Вашият код: { $code }.
warning = Не го споделяйте.
