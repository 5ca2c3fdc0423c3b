### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Kodunuz: { $code } (geçerlilik: { $life }).
short = Kodunuz: { $code }.
warning = Kimseyle paylaşmayın.
