"""``otp-worker migrate, doctor, replies, unlock, forget, callback-url``: what an operator does."""

import sys
import time

import typer
from rich.text import Text

from otp_worker.cli.doctor import examine
from otp_worker.cli.finding import Finding, Verdict, summarize
from otp_worker.cli.output import JSON_OPTION, console, print_json, print_rows, say
from otp_worker.domain.errors import ConfigurationError, NotFoundError, OtpError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.inbound.callbacks import inbound_url
from otp_worker.operations.admin import Operator
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.store import stored_replies
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema_state import check_current, newest_version

NUMBER_ARGUMENT = typer.Argument(..., help="The phone number, such as +447400123456.")

WAIT_PAUSE_SECONDS = 0.5

_MARKS = {
    Verdict.OK: Text("ok", style="green"),
    Verdict.LOOK: Text("look", style="yellow"),
    Verdict.FIX: Text("fix", style="red"),
}


def migrate(json: bool = JSON_OPTION) -> None:
    """Create the database's schema, or bring it up to date."""
    db = open_database(load_settings("cli"))
    before, after = upgrade(db)
    db.close()
    say(_migrated(before, after), {"before": before, "after": after}, json)


def _migrated(before: str | None, after: str) -> str:
    if before != after:
        return f"schema {before or 'none'} -> {after}"
    if after != newest_version():
        return f"the schema ({after}) is newer than this version's ({newest_version()}), and fits it"
    return f"the schema is current ({after})"


def doctor(
    send: str | None = typer.Option(
        None, "--send", metavar="NUMBER", help="Also send a test SMS to this number."
    ),
    wait: int = typer.Option(
        0, "--wait", min=0, max=600, metavar="SECONDS", help="Wait so long for a service that starts."
    ),
    json: bool = JSON_OPTION,
) -> None:
    """Examine everything the service needs: ok, look or fix; exits 1 if something does not work just now."""
    _await_service(wait)
    findings: list[Finding] = []
    with console.status("examining") as status:
        for finding in examine(send):
            findings.append(finding)
            status.update(f"examined: {finding.name}")
    summary = summarize(findings)
    if json:
        print_json([summary, *findings])
    else:
        typer.echo(summary.detail)
        rows = [[_MARKS[finding.verdict], finding.name, finding.detail] for finding in findings]
        print_rows("doctor", ["", "what", "finding"], rows)
    raise typer.Exit(1 if summary.fails else 0)


def _await_service(seconds: int) -> None:
    """Return when nothing is to fix, or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(finding.verdict is Verdict.FIX for finding in examine()):
        time.sleep(WAIT_PAUSE_SECONDS)


def replies(
    limit: int = typer.Option(20, min=1, max=1000, help="How many to show."),
    numbers: bool = typer.Option(False, "--numbers", help="Show the full numbers."),
    json: bool = JSON_OPTION,
) -> None:
    """List the SMS that people sent back, newest first."""
    db = open_database(load_settings("cli"))
    check_current(db)
    found = stored_replies.newest(db, limit)
    rows = [
        {
            "received_at": reply.received_at,
            "from": reply.number if numbers else reply.number_masked,
            "text": reply.text,
            "meaning": reply.meaning,
            "verification_id": reply.verification_id,
            "forwarded_at": reply.forwarded_at,
        }
        for reply in found
    ]
    if json:
        print_json(rows)
    else:
        columns = ["received", "from", "text", "did", "verification", "passed on"]
        print_rows("replies", columns, [list(row.values()) for row in rows])


def unlock(number: str = NUMBER_ARGUMENT, json: bool = JSON_OPTION) -> None:
    """Unlock a number that wrong codes, or a report of its person, have locked."""
    unlocked = open_operator().unlock(number).masked
    say(f"{unlocked} is unlocked", {"number": unlocked, "locked": False}, json)


def forget(
    number: str = typer.Argument(..., help="Such as +447400123456, or a reply's sender."),
    yes: bool = typer.Option(False, "--yes", help="Erase without asking, as a script must."),
    json: bool = JSON_OPTION,
) -> None:
    """Erase a person: every verification, delivery and reply of a number, at once and for good.

    That its person texted STOP is kept, as a keyed hash.
    """
    operator = open_operator()
    if not yes:
        _ask("Erase all that is kept of this number, for good?")
    masked, erased = operator.forget(number)
    sentence = f"{masked}: {erased.verifications} verifications and {erased.replies} replies erased"
    fields = {"number": masked, "verifications": erased.verifications, "replies": erased.replies}
    say(sentence, fields, json)


def somebody_is_there() -> bool:
    """Whether a person can answer."""
    return sys.stdin.isatty()


def _ask(question: str) -> None:
    """Go on only with a yes of the person at the terminal."""
    if not somebody_is_there():
        raise OtpError("nobody is here to ask; --yes erases without asking")
    typer.confirm(question, abort=True, err=True)


def open_operator() -> Operator:
    """The operator's hand on the service that the environment describes."""
    settings = load_settings("web")
    db = open_database(settings)
    check_current(db)
    limits = Limits(Keyring(settings.root_secrets), settings.limit_rates)
    return Operator(db, limits, settings.policy.countries)


def callback_url(
    gateway: str | None = typer.Argument(None, help="One gateway alone; else every one, with its name."),
    json: bool = JSON_OPTION,
) -> None:
    """Print the URL to register at a gateway for what it posts: inbound messages, and receipts."""
    settings = load_settings("web")
    if not settings.public_url:
        raise ConfigurationError("OTP_PUBLIC_URL is empty: nobody outside can reach this service")
    known = settings.sims.gateways
    if gateway is not None and gateway not in known:
        raise NotFoundError(f"there is no gateway {gateway}; there are {', '.join(known)}")
    keyring = Keyring(settings.root_secrets)
    names = known if gateway is None else [gateway]
    urls = {name: inbound_url(settings.public_url, keyring, name) for name in names}
    lines = [url if len(known) == 1 or gateway else f"{name}  {url}" for name, url in urls.items()]
    say("\n".join(lines), urls, json)
