### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Jūsų kodas: { $code } (galioja: { $life }).
short = Jūsų kodas: { $code }.
warning = Niekam neatskleiskite.
