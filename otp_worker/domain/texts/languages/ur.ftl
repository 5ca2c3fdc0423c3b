### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = آپ کا کوڈ: { $code } (میعاد: { $life })۔
warning = اسے کسی کو نہ بتائیں۔
