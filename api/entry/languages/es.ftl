### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Introduzca su código
problem = No ha funcionado
ask-title = Confirme su número
ask-lead = Enviaremos un código por SMS al { $number }.
ask-send = Enviar el código
not-mine = Este no es mi número
enter-lead = Un código está en camino al { $number }.
code = Código
confirm = Confirmar
wrong = Este código no es correcto. Intentos restantes: { $count }.
format = Introduzca las cifras del código.
again = Enviar el código otra vez
again-in = Podrá pedirlo otra vez dentro de { $time }.
sent-again = El código está en camino otra vez.
done-approved = Su número está confirmado.
done-not_my_number = Gracias por avisarnos de que este no es su número.
back = Volver a { $name }
go-on = Continuar
ended = Este código ya no se puede introducir.
start-again = Vuelva al lugar de donde viene y empiece de nuevo.
link-invalid = Este enlace no es válido.
link-expired = Este enlace ha caducado.
link-used = Este enlace ya se ha utilizado.
link-cookies = Esta página necesita cookies. Permítalas y abra el enlace otra vez.
later = Demasiadas solicitudes. Inténtelo más tarde.
later-in = Demasiadas solicitudes. Inténtelo dentro de { $time }.
stopped = Alguien envió STOP desde este número. Envíe START para volver a recibir códigos.
not-sent = No se puede enviar ningún código a este número.
unavailable = El servicio no responde. Inténtelo dentro de un momento.
