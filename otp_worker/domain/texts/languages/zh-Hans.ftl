### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = 您的验证码是 { $code } ({ $life }内有效)。
short = 您的验证码是 { $code }。
warning = 请勿告知他人。
