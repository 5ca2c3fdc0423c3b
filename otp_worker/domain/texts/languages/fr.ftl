### Source: otp-worker 0.1.0, the warning written for 0.3.0
### Read by a speaker: in use since 0.1.0

code = Votre code est { $code } (valable { $life }).
short = Votre code est { $code }.
warning = Ne le communiquez à personne.
