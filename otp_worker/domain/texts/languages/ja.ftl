### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = 認証コード: { $code } (有効期間: { $life })
short = 認証コード: { $code }
warning = 他人に教えないでください。
