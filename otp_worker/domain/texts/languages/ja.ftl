### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = 認証コード: { $code } (有効期間: { $life })
warning = 他人に教えないでください。
