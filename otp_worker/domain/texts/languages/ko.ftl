### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = 인증 코드: { $code } (유효 시간: { $life })
short = 인증 코드: { $code }
warning = 다른 사람에게 알려주지 마세요.
