### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Koden din er { $code } (gyldig i { $life }).
short = Koden din er { $code }.
warning = Ikke del den med noen.
