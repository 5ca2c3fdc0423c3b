### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Ваш код: { $code } (срок: { $life }).
short = Ваш код: { $code }.
warning = Никому его не сообщайте.
