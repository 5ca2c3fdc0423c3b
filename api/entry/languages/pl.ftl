### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Wpisz kod
problem = Nie udało się
ask-title = Potwierdź swój numer
ask-lead = Wyślemy kod SMS-em na numer { $number }.
ask-send = Wyślij kod
not-mine = To nie jest mój numer
enter-lead = Kod jest w drodze na numer { $number }.
code = Kod
confirm = Potwierdź
wrong = Ten kod jest nieprawidłowy. Pozostałe próby: { $count }.
format = Wpisz cyfry kodu.
again = Wyślij kod ponownie
again-in = Ponowne wysłanie będzie możliwe za { $time }.
sent-again = Kod jest ponownie w drodze.
done-approved = Twój numer został potwierdzony.
done-not_my_number = Dziękujemy za informację, że to nie jest Twój numer.
back = Powrót do { $name }
go-on = Dalej
ended = Tego kodu nie można już wpisać.
start-again = Wróć tam, skąd tu trafiono, i zacznij od nowa.
link-invalid = Ten link jest nieprawidłowy.
link-expired = Ten link wygasł.
link-used = Ten link został już użyty.
link-cookies = Ta strona potrzebuje plików cookie. Zezwól na nie i otwórz link ponownie.
later = Zbyt wiele prób. Spróbuj później.
later-in = Zbyt wiele prób. Spróbuj za { $time }.
stopped = Z tego numeru wysłano STOP. Wyślij START, aby znów otrzymywać kody.
not-sent = Na ten numer nie można wysłać kodu.
unavailable = Usługa nie odpowiada. Spróbuj za chwilę.
