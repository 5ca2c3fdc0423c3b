### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Codul dvs. este { $code } (valabil { $life }).
short = Codul dvs. este { $code }.
warning = Nu îl divulgați.
