### Source: otp-worker 0.1.0, the warning written for 0.3.0
### Read by a speaker: in use since 0.1.0

code = Su código es { $code } (válido { $life }).
short = Su código es { $code }.
warning = No lo comparta.
