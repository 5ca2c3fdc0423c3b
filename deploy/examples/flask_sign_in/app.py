"""Sign in by phone number with Flask: a form for the number, a form for the code."""

import os

from flask import Flask, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from otp_worker.client import Client, InvalidFieldError, OtpClientError, ProblemError, VerificationEndedError


def create_app(otp: Client, secret_key: str) -> Flask:
    """The app over a client of otp-worker."""
    app = Flask(__name__)
    app.secret_key = secret_key
    app.config.update(SESSION_COOKIE_SAMESITE="Lax")

    @app.get("/")
    def home() -> str:
        return render_template("home.html", number=session.get("signed_in_as"))

    @app.post("/send")
    def send() -> Response:
        number = request.form["number"]
        try:
            sent = otp.send(number, ip=request.remote_addr)
        except OtpClientError as error:
            flash(told(error))
            return redirect(url_for("home"))
        session.clear()
        session.update(verification=sent.id, number=number)
        return redirect(url_for("enter"))

    @app.get("/code")
    def enter() -> str | Response:
        return render_template("code.html") if "verification" in session else redirect(url_for("home"))

    @app.post("/code")
    def check() -> Response:
        if "verification" not in session:
            return redirect(url_for("home"))
        try:
            result = otp.check(session["verification"], request.form["code"], ip=request.remote_addr)
        except VerificationEndedError:
            session.clear()
            flash("This code is over. Ask for a new one.")
            return redirect(url_for("home"))
        except OtpClientError as error:
            flash(told(error))
            return redirect(url_for("enter"))
        if not result.valid:
            flash(f"That is not the code. {result.checks_left} tries are left.")
            return redirect(url_for("enter"))
        number = session["number"]
        session.clear()
        session["signed_in_as"] = number
        return redirect(url_for("home"))

    return app


def told(error: OtpClientError) -> str:
    """What a person may read: the service's own sentence, or that it is away."""
    if isinstance(error, InvalidFieldError):
        return str(error.fix).capitalize() + "."
    return (
        str(error) if isinstance(error, ProblemError) else "We cannot send codes at this moment. Try again."
    )


if __name__ == "__main__":
    client = Client(os.environ["OTP_URL"], os.environ["OTP_KEY"])
    create_app(client, os.environ["SECRET_KEY"]).run(port=8080)
