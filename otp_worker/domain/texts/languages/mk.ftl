### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Вашиот код: { $code } (важи: { $life }).
short = Вашиот код: { $code }.
warning = Не го споделувајте.
