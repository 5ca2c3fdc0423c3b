### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = הקוד שלך: { $code } (בתוקף { $life }).
short = הקוד שלך: { $code }.
warning = אין לשתף אותו.
