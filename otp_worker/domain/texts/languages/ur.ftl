### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = آپ کا کوڈ: { $code } (میعاد: { $life })۔
short = آپ کا کوڈ: { $code }۔
warning = اسے کسی کو نہ بتائیں۔
