"""The password first, then a code by SMS: only who has both is signed in."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from otp_worker.client import OtpClientError, ProblemError, VerificationEndedError
from two_factor.models import Phone

FIRST = "first_factor"


@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """The first factor; a right password sends the code and signs nobody in."""
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        try:
            number = user.phone.number
            sent = settings.OTP_CLIENT.send(number, user=str(user.pk), ip=request.META["REMOTE_ADDR"])
        except Phone.DoesNotExist:
            messages.error(request, "No number is known for you. Ask for one to be set.")
        except OtpClientError as error:
            messages.error(request, told(error))
        else:
            # A session of its own: what stood in the visitor's before is another's.
            request.session.flush()
            request.session[FIRST] = {"user": user.pk, "verification": sent.id}
            return redirect("code")
    return render(request, "two_factor/password.html", {"form": form})


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second factor."""
    first = request.session.get(FIRST)
    if first is None:
        return redirect("password")
    if request.method == "POST":
        try:
            result = settings.OTP_CLIENT.check(first["verification"], request.POST.get("code", ""))
        except VerificationEndedError:
            request.session.flush()
            messages.error(request, "This code is over. Sign in again.")
            return redirect("password")
        except OtpClientError as error:
            messages.error(request, told(error))
        else:
            if result.valid:
                user = get_user_model().objects.get(pk=first["user"])
                request.session.flush()
                login(request, user, "django.contrib.auth.backends.ModelBackend")
                return redirect("home")
            messages.error(request, f"That is not the code. {result.checks_left} tries are left.")
    return render(request, "two_factor/code.html")


@login_required(login_url="password")
def home(request: HttpRequest) -> HttpResponse:
    """What only a person with both factors sees."""
    return HttpResponse(f"Welcome, {request.user.get_username()}.", content_type="text/plain")


def told(error: OtpClientError) -> str:
    """What a person may read."""
    if isinstance(error, ProblemError):
        return error.fix or str(error)
    return "We cannot send codes at this moment. Try again."
