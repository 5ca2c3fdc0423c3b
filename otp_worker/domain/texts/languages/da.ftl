### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Din kode er { $code } (gyldig i { $life }).
short = Din kode er { $code }.
warning = Del den ikke med nogen.
