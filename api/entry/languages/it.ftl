### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Inserisca il codice
problem = Non ha funzionato
ask-title = Confermi il Suo numero
ask-lead = Invieremo un codice via SMS al { $number }.
ask-send = Invia il codice
not-mine = Questo non è il mio numero
enter-lead = Un codice è in arrivo al { $number }.
code = Codice
confirm = Conferma
wrong = Questo codice non è corretto. Tentativi rimasti: { $count }.
format = Inserisca le cifre del codice.
again = Invia di nuovo il codice
again-in = Potrà richiederlo di nuovo tra { $time }.
sent-again = Il codice è di nuovo in arrivo.
done-approved = Il Suo numero è confermato.
done-not_my_number = Grazie per averci segnalato che questo non è il Suo numero.
back = Torna a { $name }
go-on = Continua
ended = Questo codice non può più essere inserito.
start-again = Torni da dove è venuto e ricominci.
link-invalid = Questo link non è valido.
link-expired = Questo link è scaduto.
link-used = Questo link è già stato usato.
link-cookies = Questa pagina ha bisogno dei cookie. Li consenta e apra di nuovo il link.
later = Troppe richieste. Riprovi più tardi.
later-in = Troppe richieste. Riprovi tra { $time }.
stopped = Da questo numero è stato inviato STOP. Invii START per ricevere di nuovo i codici.
not-sent = Non è possibile inviare codici a questo numero.
unavailable = Il servizio non risponde. Riprovi tra un momento.
