### Source: written for otp-worker 0.3.0
### Read by a speaker: no

title = أدخل الرمز
problem = لم ينجح ذلك
ask-title = تأكيد رقمك
ask-lead = سنرسل رمزًا في رسالة SMS إلى { $number }.
ask-send = إرسال الرمز
not-mine = هذا ليس رقمي
enter-lead = الرمز في طريقه إلى { $number }.
code = الرمز
confirm = تأكيد
wrong = هذا الرمز غير صحيح. المحاولات المتبقية: { $count }.
format = أدخل أرقام الرمز.
again = إرسال الرمز مرة أخرى
again-in = يمكنك طلبه مرة أخرى بعد { $time }.
sent-again = الرمز في طريقه إليك مرة أخرى.
done-approved = تم تأكيد رقمك.
done-not_my_number = شكرًا لإخبارنا بأن هذا ليس رقمك.
back = العودة إلى { $name }
go-on = متابعة
ended = لم يعد من الممكن إدخال هذا الرمز.
start-again = ارجع إلى الصفحة التي أتيت منها وابدأ من جديد.
link-invalid = هذا الرابط غير صالح.
link-expired = انتهت صلاحية هذا الرابط.
link-used = تم استخدام هذا الرابط من قبل.
link-cookies = تحتاج هذه الصفحة إلى ملفات تعريف الارتباط. اسمح بها ثم افتح الرابط مرة أخرى.
later = طلبات كثيرة جدًا. حاول مرة أخرى لاحقًا.
later-in = طلبات كثيرة جدًا. حاول مرة أخرى بعد { $time }.
stopped = أُرسلت كلمة STOP من هذا الرقم. أرسل START لتلقي الرموز من جديد.
not-sent = لا يمكن إرسال رمز إلى هذا الرقم.
unavailable = الخدمة لا تستجيب. حاول مرة أخرى بعد قليل.
