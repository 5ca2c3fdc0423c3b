### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Teie kood on { $code } (kehtib: { $life }).
short = Teie kood on { $code }.
warning = Ärge jagage seda kellegagi.
