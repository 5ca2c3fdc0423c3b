"""What the SMS of a delivery says."""

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.policy import DEFAULT_TEMPLATE, Policy
from otp_worker.domain.texts.autofill import Autofill
from otp_worker.domain.texts.compose import Content, compose
from otp_worker.store.job import Job


def text_of(policy: Policy, job: Job, code: str, life_seconds: float) -> str:
    """The SMS with its code, as the request, the app and the operator want it."""
    template = policy.templates.get(job.template or DEFAULT_TEMPLATE)
    settings = job.app_settings
    content = Content(
        code=code,
        life_seconds=life_seconds,
        app=job.app.removeprefix(TEST_PREFIX),
        shown_name=settings.shown_name,
        autofill=Autofill(settings.web_origin, next(iter(settings.android_hashes or ()), None)),
    )
    return compose(policy.languages, content, job.locale or job.language, template)
