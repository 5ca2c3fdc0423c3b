### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = รหัสของคุณคือ { $code } (ใช้ได้ { $life })
short = รหัสของคุณคือ { $code }
warning = ห้ามบอกผู้อื่น
