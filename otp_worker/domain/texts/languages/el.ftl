### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Ο κωδικός σας: { $code } (ισχύει: { $life }).
warning = Μην τον δώσετε.
