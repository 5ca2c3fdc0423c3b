### Source: otp-worker 0.1.0, the warning written for 0.3.0
### Read by a speaker: in use since 0.1.0

code = Ihr Code ist { $code } ({ $life } gültig).
short = Ihr Code ist { $code }.
warning = Geben Sie ihn nicht weiter.
