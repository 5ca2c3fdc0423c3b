### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = आपका कोड: { $code } (मान्य: { $life })।
short = आपका कोड: { $code }।
warning = इसे किसी को न बताएं।
