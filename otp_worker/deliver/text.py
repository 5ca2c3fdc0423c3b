"""What the SMS of a delivery says, and how long that is worth anything."""

from dataclasses import replace
from datetime import datetime, timedelta

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.payment import Payment
from otp_worker.domain.policy import DEFAULT_TEMPLATE, Policy
from otp_worker.domain.texts.compose import compose, compose_letter
from otp_worker.domain.texts.template import Template
from otp_worker.store.job import Job
from otp_worker.store.templates import TemplateReader


def life_seconds(job: Job, now: datetime) -> float:
    """How long the code will live if it is sent now; of a message, how long it may still be sent."""
    if job.is_message:
        return (job.deadline_at - now).total_seconds()
    return min(timedelta(seconds=job.ttl_seconds), job.last_expiry_at - now).total_seconds()


def text_of(
    policy: Policy,
    templates: TemplateReader,
    job: Job,
    content: str,
    life: float,
    payment: Payment | None = None,
) -> str:
    """The SMS, or an e-mail's body, with its code and payment, as request, app and operator want it.

    The text of a message is as its app gave it.
    """
    if job.is_message:
        return content
    app = job.app.removeprefix(TEST_PREFIX)
    around = job.app_settings.content(app, content, life, job.template_fields, job.android_hash)
    tag = job.locale or job.language
    if payment is not None:
        around = replace(around, payment=f"{payment.amount_in(tag)}, {payment.payee}")
    wording = compose_letter if job.goes_by_email else compose
    return wording(policy.languages, around, tag, _template(policy, templates, job, app))


def subject_of(job: Job) -> str:
    """The subject of an e-mail: what the app is called. An SMS has none."""
    app = job.app.removeprefix(TEST_PREFIX)
    return job.app_settings.content(app, "", 0).name if job.goes_by_email else ""


def _template(policy: Policy, templates: TemplateReader, job: Job, app: str) -> Template | str | None:
    """The app's template in the version that it was asked for with, else the operator's of that name."""
    name = job.template or DEFAULT_TEMPLATE
    own = None if job.template_version is None else templates.find(app, name, job.template_version)
    return own or policy.templates.get(name)
