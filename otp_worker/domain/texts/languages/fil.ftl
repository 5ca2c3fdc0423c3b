### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Ang iyong code: { $code } (may bisa nang { $life }).
short = Ang iyong code: { $code }.
warning = Huwag itong ibahagi kaninuman.
