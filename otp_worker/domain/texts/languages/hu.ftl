### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Az Ön kódja: { $code } (érvényes: { $life }).
short = Az Ön kódja: { $code }.
warning = Ne ossza meg.
