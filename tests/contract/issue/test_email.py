"""Who may ask for a code by e-mail, and for which addresses."""

from dataclasses import replace

import pytest

from otp_worker.domain.errors import InvalidFieldError, RateLimitExceededError
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.sealing import SealingUnavailableError
from otp_worker.issue.recipients import Recipients
from otp_worker.issue.request import SendRequest
from otp_worker.store.database import Database
from tests.contract.mailing import ADDRESS, issue, with_email
from tests.contract.service import SHOP, Service


@pytest.fixture
def service(db: Database) -> Service:
    return with_email(db)


def test_an_address_is_limited_as_a_number_is_in_any_case(db: Database) -> None:
    service = with_email(db, limits={Limit.NUMBER: parse_rates("1/30s"), Limit.BLOCK: parse_rates("2/h")})
    issue(service)
    with pytest.raises(RateLimitExceededError):
        issue(service, ADDRESS.lower())
    issue(service, "anna.smith@example.com")
    with pytest.raises(RateLimitExceededError) as refusal:
        issue(service, "anna.smith+other@example.com")
    assert refusal.value.limit is Limit.BLOCK
    issue(service, "otto@example.com")


@pytest.mark.parametrize(
    "to",
    [
        *(
            "anna",
            "anna@",
            "@example.com",
            "a b@example.com",
            "anna@example",
            "anna@-x.com",
            "a..b@example.com",
        ),
        *(
            "anna@example.com\r\nBcc: all@example.com",
            "anna@example.com>",
            '"a b"@example.com',
            "ä@example.com",
        ),
        *(
            "anna@exämple.com",
            "anna@[127.0.0.1]",
            f"{'a' * 65}@example.com",
            f"a@{'b' * 250}.com",
            "+447400123456",
        ),
        *("anna@example.com,otto@example.com", "anna@example.com\n", "anna\u202e@example.com"),
    ],
)
def test_what_is_no_address_is_refused(service: Service, to: str) -> None:
    with pytest.raises(InvalidFieldError, match="e-mail address"):
        issue(service, to)


def test_an_sms_to_an_address_is_refused(service: Service) -> None:
    with pytest.raises(InvalidFieldError):
        service.issue(ADDRESS)


def test_where_it_is_off_it_is_refused_with_the_variable(service: Service) -> None:
    drafts = replace(service.issuer.drafts, recipients=Recipients(service.policy.countries))
    with pytest.raises(InvalidFieldError, match="OTP_EMAIL_CODES"):
        replace(service.issuer, drafts=drafts).issue(
            SendRequest(ADDRESS, channel="email"), SHOP, service.clock()
        )


def test_while_an_older_worker_may_run_it_is_refused_with_the_variable(service: Service) -> None:
    recipients = Recipients(service.policy.countries, email=True, workers_know=lambda _: False)
    drafts = replace(service.issuer.drafts, recipients=recipients)
    with pytest.raises(SealingUnavailableError, match="OTP_OLDEST_VERSION"):
        replace(service.issuer, drafts=drafts).issue(
            SendRequest(ADDRESS, channel="email"), SHOP, service.clock()
        )
