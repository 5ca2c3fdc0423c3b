"""What the SMS of a delivery says."""

from dataclasses import replace

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.payment import Payment
from otp_worker.domain.policy import DEFAULT_TEMPLATE, Policy
from otp_worker.domain.texts.compose import compose
from otp_worker.domain.texts.template import Template
from otp_worker.store.job import Job
from otp_worker.store.templates import TemplateReader


def text_of(
    policy: Policy,
    templates: TemplateReader,
    job: Job,
    code: str,
    life_seconds: float,
    payment: Payment | None = None,
) -> str:
    """The SMS with its code, and the payment it is for, as the request, the app and the operator want it."""
    app = job.app.removeprefix(TEST_PREFIX)
    content = job.app_settings.content(app, code, life_seconds, job.template_fields, job.android_hash)
    tag = job.locale or job.language
    if payment is not None:
        content = replace(content, payment=f"{payment.amount_in(tag)}, {payment.payee}")
    return compose(policy.languages, content, tag, _template(policy, templates, job, app))


def _template(policy: Policy, templates: TemplateReader, job: Job, app: str) -> Template | str | None:
    """The app's template in the version that it was asked for with, else the operator's of that name."""
    name = job.template or DEFAULT_TEMPLATE
    own = None if job.template_version is None else templates.find(app, name, job.template_version)
    return own or policy.templates.get(name)
