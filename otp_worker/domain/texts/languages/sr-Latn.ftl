### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Vaš kod: { $code } (važi: { $life }).
short = Vaš kod: { $code }.
warning = Ne delite ga ni sa kim.
