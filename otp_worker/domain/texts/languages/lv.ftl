### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Jūsu kods: { $code } (derīgs: { $life }).
short = Jūsu kods: { $code }.
warning = Neizpaudiet to nevienam.
