### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Koodisi on { $code } (voimassa: { $life }).
short = Koodisi on { $code }.
warning = Älä kerro sitä kenellekään.
