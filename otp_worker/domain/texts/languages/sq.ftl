### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Kodi juaj është { $code } (vlen { $life }).
short = Kodi juaj është { $code }.
warning = Mos e ndani me askënd.
