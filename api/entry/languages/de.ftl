### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Code eingeben
problem = Das hat nicht geklappt
ask-title = Nummer bestätigen
ask-lead = Wir senden einen Code per SMS an { $number }.
ask-send = Code senden
not-mine = Das ist nicht meine Nummer
enter-lead = Ein Code ist unterwegs an { $number }.
code = Code
confirm = Bestätigen
wrong = Dieser Code ist nicht richtig. Verbleibende Versuche: { $count }.
format = Geben Sie die Ziffern des Codes ein.
again = Code noch einmal senden
again-in = Sie können ihn in { $time } noch einmal anfordern.
sent-again = Der Code ist noch einmal unterwegs.
done-approved = Ihre Nummer ist bestätigt.
done-not_my_number = Danke für den Hinweis, dass dies nicht Ihre Nummer ist.
back = Zurück zu { $name }
go-on = Weiter
ended = Dieser Code kann nicht mehr eingegeben werden.
start-again = Gehen Sie dorthin zurück, woher Sie gekommen sind, und beginnen Sie noch einmal.
link-invalid = Dieser Link ist nicht gültig.
link-expired = Dieser Link ist abgelaufen.
link-used = Dieser Link wurde schon verwendet.
link-cookies = Diese Seite braucht Cookies. Erlauben Sie diese und öffnen Sie den Link noch einmal.
later = Zu viele Anfragen. Versuchen Sie es später noch einmal.
later-in = Zu viele Anfragen. Versuchen Sie es in { $time } noch einmal.
stopped = Von dieser Nummer kam STOP. Senden Sie START, um wieder Codes zu erhalten.
not-sent = An diese Nummer kann kein Code gesendet werden.
unavailable = Der Dienst antwortet nicht. Versuchen Sie es gleich noch einmal.
