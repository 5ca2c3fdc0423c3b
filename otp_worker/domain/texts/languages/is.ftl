### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Kóðinn þinn er { $code } (gildistími: { $life }).
short = Kóðinn þinn er { $code }.
warning = Ekki deila honum.
