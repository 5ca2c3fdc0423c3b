"""What ``otp-worker init`` asks: each answer is judged at once, and asked for again where it is wrong."""

import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import typer

from otp_worker.domain.errors import BrokerUnavailableError, ConfigurationError, DatabaseUnavailableError
from otp_worker.service.celery_app import make_celery
from otp_worker.service.database import open_database
from otp_worker.service.environment_file import refused_variables, some_settings
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.store.schema_state import current_version

_BROKER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Question:
    """A variable that only the operator knows; ``option`` gives it too, and a secret has none."""

    variable: str
    text: str
    option: str | None = None
    usual: str | None = None
    may_be_empty: bool = False

    @property
    def name(self) -> str:
        """How it can be given without a terminal."""
        return f"{self.variable} or {self.option}" if self.option else self.variable


QUESTIONS = (
    Question(
        "OTP_DATABASE_URL",
        "Database (postgresql://..., or sqlite:// with an absolute path)",
        "--database-url",
    ),
    Question(
        "OTP_BROKER_URL", "Broker (Redis, Valkey or RabbitMQ)", "--broker-url", "redis://127.0.0.1:6379/0"
    ),
    Question("OTP_COUNTRIES", "Countries to send to, with commas (such as GB,IE)", "--countries"),
    Question(
        "OTP_PUBLIC_URL",
        "Where gateways reach this service (such as https://otp.example.com; empty: from nowhere)",
        "--public-url",
        may_be_empty=True,
    ),
    Question(
        "OTP_GATEWAY_URL", "The phone gateway's API", "--gateway-url", "https://api.mobileapiconnect.com/v1"
    ),
    Question("OTP_GATEWAY_KEY", "Its key (sk_live_...; it is not shown)"),
    Question(
        "OTP_GATEWAY_WEBHOOK_SECRET",
        "Its webhooks' secret (whsec_...; it is not shown; empty: no replies come in)",
        may_be_empty=True,
    ),
)


def complete(given: Mapping[str, str]) -> dict[str, str]:
    """What is given and what is asked for beside it, with which every process could start.

    Raises ConfigurationError: with a line for each of what is wrong where nobody can be asked, and at a
    terminal before the first question for what no question is about.
    """
    variables = dict(given)
    wrong = _wrong(variables)
    while wrong:
        asked = [each for each in QUESTIONS if each.variable in wrong]
        if len(asked) < len(wrong) or not _is_somebody_there():
            raise ConfigurationError("\n".join(wrong.values()))
        for question in asked:
            if question.variable in variables:
                typer.echo(wrong[question.variable], err=True)
            variables[question.variable] = _ask(question)
        wrong = _wrong(variables)
    return variables


def _is_somebody_there() -> bool:
    return sys.stdin.isatty()


def _wrong(variables: Mapping[str, str]) -> dict[str, str]:
    """A line about each variable that is missing or refused, with its option where it has one."""
    lines = refused_variables(variables)
    for each in QUESTIONS:
        if each.variable.startswith("OTP_GATEWAY_") and variables.get("OTP_GATEWAYS_FILE"):
            continue
        value = variables.get(each.variable)
        if value is None or not (value or each.may_be_empty):
            empty = ", and may be empty" if each.may_be_empty else ""
            lines.setdefault(each.variable, f"{each.variable}: is not set{empty}")
        if each.variable in lines:
            lines[each.variable] = lines[each.variable].replace(each.variable, each.name, 1)
    return lines


def _ask(question: Question) -> str:
    """What somebody types; asked again until it could be right."""
    while True:
        answer: str = typer.prompt(
            question.text,
            default=question.usual or "",
            show_default=question.usual is not None,
            hide_input=question.option is None,
        ).strip()
        fault = _fault(question, answer)
        if fault is None:
            return answer
        typer.echo(f"  {fault}", err=True)


def _fault(question: Question, answer: str) -> str | None:
    """What is wrong with an answer; None where it is kept."""
    if not answer:
        return None if question.may_be_empty else "This needs an answer; Ctrl-C ends."
    refused = refused_variables({question.variable: answer}).get(question.variable)
    if refused:
        return refused.partition(": ")[2]
    away = _away(question.variable, answer)
    if away and not typer.confirm(f"  {away}\n  Keep it all the same?"):
        return "Then once more."
    return None


def _away(variable: str, url: str) -> str | None:
    """Why a database or a broker does not answer now; None where it does."""
    try:
        if variable == "OTP_DATABASE_URL":
            with closing(open_database(some_settings({variable: url}, "cli"))) as db:
                current_version(db)
        if variable == "OTP_BROKER_URL":
            DeliveryQueue(make_celery(url, _BROKER_SECONDS)).check()
    except (DatabaseUnavailableError, BrokerUnavailableError) as error:
        return str(error)
    return None
