### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Jou kode is { $code } ({ $life } geldig).
short = Jou kode is { $code }.
warning = Moenie dit met enigiemand deel nie.
