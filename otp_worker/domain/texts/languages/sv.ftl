### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Din kod är { $code } (giltig i { $life }).
short = Din kod är { $code }.
warning = Dela den inte med någon.
