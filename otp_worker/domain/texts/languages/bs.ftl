### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Vaš kod: { $code } (vrijedi: { $life }).
short = Vaš kod: { $code }.
warning = Ne dijelite ga ni s kim.
