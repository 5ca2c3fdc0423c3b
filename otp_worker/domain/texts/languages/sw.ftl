### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Msimbo wako: { $code } (utatumika kwa { $life }).
short = Msimbo wako: { $code }.
warning = Usimpe mtu yeyote.
