### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Koodisi on { $code } (voimassa: { $life }).
warning = Älä kerro sitä kenellekään.
