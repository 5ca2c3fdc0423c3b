### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Introduza o seu código
problem = Não funcionou
ask-title = Confirme o seu número
ask-lead = Vamos enviar um código por SMS para { $number }.
ask-send = Enviar o código
not-mine = Este não é o meu número
enter-lead = Um código está a caminho de { $number }.
code = Código
confirm = Confirmar
wrong = Este código não está correto. Tentativas restantes: { $count }.
format = Introduza os algarismos do código.
again = Enviar o código novamente
again-in = Poderá pedi-lo novamente dentro de { $time }.
sent-again = O código está novamente a caminho.
done-approved = O seu número está confirmado.
done-not_my_number = Obrigado por nos avisar de que este não é o seu número.
back = Voltar a { $name }
go-on = Continuar
ended = Este código já não pode ser introduzido.
start-again = Volte ao sítio de onde veio e comece de novo.
link-invalid = Esta ligação não é válida.
link-expired = Esta ligação expirou.
link-used = Esta ligação já foi usada.
link-cookies = Esta página precisa de cookies. Permita-os e abra a ligação novamente.
later = Demasiados pedidos. Tente mais tarde.
later-in = Demasiados pedidos. Tente dentro de { $time }.
stopped = Alguém enviou STOP a partir deste número. Envie START para voltar a receber códigos.
not-sent = Não é possível enviar um código para este número.
unavailable = O serviço não responde. Tente dentro de momentos.
