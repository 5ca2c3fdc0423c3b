### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Voer uw code in
problem = Dat is niet gelukt
ask-title = Bevestig uw nummer
ask-lead = We sturen een code per sms naar { $number }.
ask-send = Code versturen
not-mine = Dit is niet mijn nummer
enter-lead = Er is een code onderweg naar { $number }.
code = Code
confirm = Bevestigen
wrong = Deze code is niet juist. Resterende pogingen: { $count }.
format = Voer de cijfers van de code in.
again = Code opnieuw versturen
again-in = U kunt hem over { $time } opnieuw laten versturen.
sent-again = De code is opnieuw onderweg.
done-approved = Uw nummer is bevestigd.
done-not_my_number = Bedankt voor de melding dat dit niet uw nummer is.
back = Terug naar { $name }
go-on = Verder
ended = Deze code kan niet meer worden ingevoerd.
start-again = Ga terug naar waar u vandaan kwam en begin opnieuw.
link-invalid = Deze link is niet geldig.
link-expired = Deze link is verlopen.
link-used = Deze link is al gebruikt.
link-cookies = Deze pagina heeft cookies nodig. Sta ze toe en open de link opnieuw.
later = Te veel verzoeken. Probeer het later opnieuw.
later-in = Te veel verzoeken. Probeer het over { $time } opnieuw.
stopped = Vanaf dit nummer is STOP gestuurd. Stuur START om weer codes te ontvangen.
not-sent = Naar dit nummer kan geen code worden gestuurd.
unavailable = De dienst antwoordt niet. Probeer het zo opnieuw.
