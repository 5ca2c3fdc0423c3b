### Source: otp-worker 0.1.0, the warning written for 0.3.0
### Read by a speaker: in use since 0.1.0

code = Your code is { $code } (valid { $life }).
short = Your code is { $code }.
warning = Do not share it with anyone.
