### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Ο κωδικός σας: { $code } (ισχύει: { $life }).
short = Ο κωδικός σας: { $code }.
warning = Μην τον δώσετε.
