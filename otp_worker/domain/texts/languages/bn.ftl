### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = আপনার কোড: { $code } (মেয়াদ: { $life })।
short = আপনার কোড: { $code }।
warning = এটি কাউকে জানাবেন না।
