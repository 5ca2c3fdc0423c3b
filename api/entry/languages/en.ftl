### Source: written for otp-worker 0.3.0
### Read by a speaker: the language that this page is made in

title = Enter your code
problem = That did not work
ask-title = Confirm your number
ask-lead = We will send a code by SMS to { $number }.
ask-send = Send the code
not-mine = This is not my number
enter-lead = A code is on its way to { $number }.
code = Code
confirm = Confirm
wrong = This code is not right. Tries left: { $count }.
format = Enter the digits of the code.
again = Send the code again
again-in = You can have it sent again in { $time }.
sent-again = The code is on its way again.
done-approved = Your number is confirmed.
done-not_my_number = Thank you for telling us that this is not your number.
back = Back to { $name }
go-on = Go on
ended = This code can no longer be entered.
start-again = Go back to where you came from and start again.
link-invalid = This link is not valid.
link-expired = This link has expired.
link-used = This link has been used already.
link-cookies = This page needs cookies. Allow them, then open the link again.
later = Too many requests. Try again later.
later-in = Too many requests. Try again in { $time }.
stopped = Somebody texted STOP from this number. Text START to receive codes again.
not-sent = No code can be sent to this number.
unavailable = The service does not answer. Try again in a moment.
