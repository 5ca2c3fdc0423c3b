### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = کد شما: { $code } (اعتبار: { $life }).
short = کد شما: { $code }.
warning = آن را به کسی ندهید.
