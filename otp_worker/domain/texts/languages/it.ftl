### Source: otp-worker 0.1.0, the warning written for 0.3.0
### Read by a speaker: in use since 0.1.0

code = Il tuo codice è { $code } (valido { $life }).
short = Il tuo codice è { $code }.
warning = Non condividerlo con nessuno.
