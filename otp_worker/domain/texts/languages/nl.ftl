### Source: otp-worker 0.1.0, the warning written for 0.3.0
### Read by a speaker: in use since 0.1.0

code = Uw code is { $code } ({ $life } geldig).
short = Uw code is { $code }.
warning = Deel deze met niemand.
