### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Вашият код: { $code } (валиден: { $life }).
warning = Не го споделяйте.
