### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = 您的验证码是 { $code } ({ $life }内有效)。
warning = 请勿告知他人。
