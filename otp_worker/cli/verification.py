"""``otp-worker send, check``: a verification from the command line, as the app ``operator``."""

import time
from datetime import datetime

import typer

from otp_worker.cli.output import JSON_OPTION, console, print_json, print_record
from otp_worker.domain.app import App
from otp_worker.domain.app_setting_values import PURPOSE
from otp_worker.domain.errors import InvalidFieldError, VerificationEndedError
from otp_worker.domain.message import status_of
from otp_worker.domain.ports import utc_now
from otp_worker.domain.verification import EMAIL, OPEN, Verification
from otp_worker.issue.payments import read_payment
from otp_worker.issue.request import SendRequest
from otp_worker.service.assembly import Intake
from otp_worker.service.roles import load_settings
from otp_worker.service.wiring import build_intake
from otp_worker.store.schema_state import check_current

OPERATOR = App("operator")
POLL_SECONDS = 0.2
LONGEST_REFERENCE = 128
INTERRUPTED = 130
"""The exit status of what Ctrl-C ended, as shells know it: 128 and the signal's number."""


_AMOUNT = typer.Option(None, "--amount", help="Of a payment that the code is for, such as 12.50.")
_CURRENCY = typer.Option(None, "--currency", help="Its currency (ISO 4217), such as EUR.")
_PAYEE = typer.Option(None, "--payee", help="Who is paid. The three go together.")


def send(
    number: str = typer.Argument(..., help="The phone number, such as +447400123456, or an e-mail address."),
    wait: float = typer.Option(30.0, help="Seconds to wait for the gateway to take it; 0 does not wait."),
    locale: str | None = typer.Option(None, help="The language of the SMS, such as de."),
    purpose: str | None = typer.Option(None, help="What the code is for, such as payment."),
    reference: str | None = typer.Option(None, help="What to find it by again, such as order-1017."),
    amount: str | None = _AMOUNT,
    currency: str | None = _CURRENCY,
    payee: str | None = _PAYEE,
    json: bool = JSON_OPTION,
) -> None:
    """Send a code through the running service and follow it until the gateway has taken it."""
    intake = _intake()
    if purpose is not None and not PURPOSE.fullmatch(purpose):
        raise InvalidFieldError("--purpose", "give a word of small letters, digits, dashes or underscores")
    if reference is not None and not (reference.isprintable() and 0 < len(reference) <= LONGEST_REFERENCE):
        raise InvalidFieldError("--reference", f"give 1 to {LONGEST_REFERENCE} printable characters")
    request = SendRequest(
        number,
        channel=EMAIL if "@" in number else "sms",
        locale=locale,
        purpose=purpose,
        client_reference=reference,
        payment=read_payment(amount, currency, payee),
    )
    issued = intake.issuer.issue(request, OPERATOR, intake.clock()).verification
    if not json:
        console.print(f"{issued.id} for {issued.to} is queued")
    try:
        found = _follow(intake, issued, wait)
    except KeyboardInterrupt:
        typer.echo(
            f"otp-worker: not waited for; `otp-worker show {issued.id}` shows what became of it", err=True
        )
        raise typer.Exit(INTERRUPTED) from None
    _print(found, json)
    if found.delivery.sent_at is None:
        raise typer.Exit(1)


def check(
    verification_id: str = typer.Argument(..., help="The id that `send` printed."),
    code: str = typer.Argument(..., help="The code from the SMS."),
    amount: str | None = _AMOUNT,
    currency: str | None = _CURRENCY,
    payee: str | None = _PAYEE,
    json: bool = JSON_OPTION,
) -> None:
    """Judge a code; exits 0 only if it is right.

    The code of a payment is right for that payment alone.
    """
    payment = read_payment(amount, currency, payee)
    try:
        result = _intake().verifier.check(verification_id, code, OPERATOR.name, payment=payment)
    except VerificationEndedError as error:
        if json:
            print_json({"id": error.verification_id, "status": error.status, "valid": False})
        raise
    if json:
        print_json(result)
    else:
        print_record(
            result.id,
            {
                "status": result.status,
                "valid": "yes" if result.valid else "no",
                "checks left": result.checks_left,
            },
        )
    raise typer.Exit(0 if result.valid else 1)


def _intake() -> Intake:
    intake = build_intake(load_settings("web"))
    check_current(intake.db)
    return intake


def _follow(intake: Intake, issued: Verification, wait: float) -> Verification:
    """The verification as soon as its delivery is settled, or after ``wait`` seconds."""
    until = time.monotonic() + wait
    found = issued
    while found.delivery.status in OPEN and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        found = intake.issuer.read(issued.id, OPERATOR)
    return found


def _print(found: Verification, json: bool) -> None:
    if json:
        print_json({**fields_of(found, utc_now()), "delivery": found.newest_delivery})
    else:
        print_verification(found)


def print_verification(found: Verification) -> None:
    """Print a verification and its newest SMS, for people."""
    tags = ", ".join(f"{name}:{value}" for name, value in found.tags.items())
    print_record(found.id, {**fields_of(found, utc_now()), "tags": tags or None})
    delivery = found.newest_delivery
    if delivery is None:
        return
    print_record(
        f"delivery {delivery.id}",
        {
            "status": delivery.status,
            "gateway": delivery.gateway,
            "attempts": delivery.attempts,
            "reason": delivery.reason,
            "next attempt": delivery.due_at if delivery.status in OPEN else None,
            "sent": delivery.sent_at,
            "delivered": delivery.delivered_at,
        },
    )


def fields_of(found: Verification, now: datetime) -> dict[str, object]:
    """A verification as it is shown, as it stands at ``now``."""
    return {
        "id": found.id,
        "status": status_of(found, now),
        "reason": found.reason,
        "to": found.to,
        "app": found.app,
        "user": found.user,
        "purpose": found.purpose,
        "client_reference": found.client_reference,
        "tags": dict(found.tags),
        "checks_left": found.checks_left,
        "created_at": found.created_at,
        "expires_at": found.expires_at,
        "ended_at": found.ended_at,
    }
