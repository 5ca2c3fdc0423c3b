### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Váš kód: { $code } (platnost: { $life }).
short = Váš kód: { $code }.
warning = Nikomu ho nesdělujte.
