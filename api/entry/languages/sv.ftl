### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Ange din kod
problem = Det gick inte
ask-title = Bekräfta ditt nummer
ask-lead = Vi skickar en kod med sms till { $number }.
ask-send = Skicka koden
not-mine = Det här är inte mitt nummer
enter-lead = En kod är på väg till { $number }.
code = Kod
confirm = Bekräfta
wrong = Koden är inte rätt. Försök kvar: { $count }.
format = Ange kodens siffror.
again = Skicka koden igen
again-in = Du kan få den skickad igen om { $time }.
sent-again = Koden är på väg igen.
done-approved = Ditt nummer är bekräftat.
done-not_my_number = Tack för att du säger till att det här inte är ditt nummer.
back = Tillbaka till { $name }
go-on = Fortsätt
ended = Koden kan inte längre anges.
start-again = Gå tillbaka dit du kom ifrån och börja om.
link-invalid = Länken är inte giltig.
link-expired = Länken har gått ut.
link-used = Länken har redan använts.
link-cookies = Den här sidan behöver kakor. Tillåt dem och öppna länken igen.
later = För många förfrågningar. Försök igen senare.
later-in = För många förfrågningar. Försök igen om { $time }.
stopped = Någon har skickat STOP från det här numret. Skicka START för att få koder igen.
not-sent = Ingen kod kan skickas till det här numret.
unavailable = Tjänsten svarar inte. Försök igen om en stund.
