### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = Saisissez votre code
problem = Cela n’a pas fonctionné
ask-title = Confirmez votre numéro
ask-lead = Nous allons envoyer un code par SMS au { $number }.
ask-send = Envoyer le code
not-mine = Ce n’est pas mon numéro
enter-lead = Un code est en route vers le { $number }.
code = Code
confirm = Confirmer
wrong = Ce code n’est pas le bon. Essais restants : { $count }.
format = Saisissez les chiffres du code.
again = Renvoyer le code
again-in = Vous pourrez le faire renvoyer dans { $time }.
sent-again = Le code est de nouveau en route.
done-approved = Votre numéro est confirmé.
done-not_my_number = Merci de nous avoir signalé que ce numéro n’est pas le vôtre.
back = Retour à { $name }
go-on = Continuer
ended = Ce code ne peut plus être saisi.
start-again = Revenez à la page d’où vous venez et recommencez.
link-invalid = Ce lien n’est pas valide.
link-expired = Ce lien a expiré.
link-used = Ce lien a déjà été utilisé.
link-cookies = Cette page a besoin de cookies. Autorisez-les, puis ouvrez de nouveau le lien.
later = Trop de demandes. Réessayez plus tard.
later-in = Trop de demandes. Réessayez dans { $time }.
stopped = Quelqu’un a envoyé STOP depuis ce numéro. Envoyez START pour recevoir de nouveau des codes.
not-sent = Aucun code ne peut être envoyé à ce numéro.
unavailable = Le service ne répond pas. Réessayez dans un instant.
