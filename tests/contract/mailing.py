"""The service with a mail server beside its phone, and codes that go by e-mail."""

import os

from otp_worker.domain.app import App
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import EMAIL_ROUTE, Verification
from otp_worker.issue.request import SendRequest
from otp_worker.store.database import Database
from tests.contract.service import SHOP, ObedientGateway, Service

ADDRESS = "Anna.Smith+shop@Example.com"
TAKEN = Outcome(OutcomeKind.ACCEPTED, "the mail server took it")


def with_email(db: Database, **more: object) -> Service:
    """The service with a phone for every country, and a mail server."""
    phone, mail = ObedientGateway(), ObedientGateway([TAKEN], name="email")
    sims = Sims(
        (Sim("obedient", "obedient"), Sim("email", "email", countries=frozenset({EMAIL_ROUTE}))),
        {"obedient": phone, "email": mail},
    )
    service = Service(db, sims=sims, **more)  # type: ignore[arg-type]
    service.gateway = phone
    return service


def mail(service: Service) -> ObedientGateway:
    found = service.sims.gateways["email"]
    assert isinstance(found, ObedientGateway)
    return found


def issue(service: Service, to: str = ADDRESS, app: App = SHOP, **more: object) -> Verification:
    """Ask for a code by e-mail, each time for another user."""
    request = SendRequest(to, f"user {os.urandom(4).hex()}", "email", **more)  # type: ignore[arg-type]
    return service.issuer.issue(request, app, service.clock()).verification
