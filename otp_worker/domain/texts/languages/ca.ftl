### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = El codi és { $code } (vàlid { $life }).
short = El codi és { $code }.
warning = No el compartiu amb ningú.
