### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = 您的驗證碼是 { $code } ({ $life }內有效)。
short = 您的驗證碼是 { $code }。
warning = 請勿告知他人。
