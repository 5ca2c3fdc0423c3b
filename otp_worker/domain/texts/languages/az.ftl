### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Kodunuz: { $code } (etibarlıdır: { $life }).
short = Kodunuz: { $code }.
warning = Heç kimlə paylaşmayın.
