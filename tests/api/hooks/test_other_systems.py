"""authentik, Keycloak, Zitadel and Kratos: the exact bytes of each, and how each is answered."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

import pytest
from falcon.testing import Result

from otp_worker.domain.gateway import Message
from tests.api.client import Caller, problem
from tests.api.hooks.conftest import Configure
from tests.api.service import Service
from tests.contract.service import NUMBER

SECRET = "a-secret-of-the-tests-0123456789"
TEXT = "Use this code to authenticate in authentik: 402853"
BASIC = base64.b64encode(f"otp:{SECRET}".encode()).decode()
JSON, FORM = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}
PERCENT_NUMBER = NUMBER.replace("+", "%2B")


def hooked(name: str, *lines: str) -> str:
    secrets = () if any(line.startswith("secrets") for line in lines) else (f'secrets = ["otp:{SECRET}"]',)
    return "\n".join((f"[hooks.{name}]", *secrets, *lines))


def post(system: Caller, name: str, raw: bytes, headers: Mapping[str, str]) -> Result:
    return system.simulate_post(f"/v1/hooks/{name}", body=raw, headers=headers)


def sent_by(service: Service) -> list[Message]:
    service.deliver_queued()
    return service.gateway.messages


# requests writes JSON with a space after each colon and comma, and not in ASCII only where asked.
AUTHENTIK = f'{{"From": "Corner Shop", "To": "{NUMBER}", "Body": "402853", "Message": "{TEXT}"}}'.encode()


@pytest.mark.parametrize(
    ("lines", "authorization"),
    [((), f"Basic {BASIC}"), (('auth = "bearer"', f'secrets = ["{SECRET}"]'), f"Bearer {SECRET}")],
)
def test_authentik_shows_basic_or_bearer(
    system: Caller, service: Service, configure: Configure, lines: tuple[str, ...], authorization: str
) -> None:
    configure(hooked("authentik", *lines))
    answer = post(system, "authentik", AUTHENTIK, {**JSON, "Authorization": authorization})
    assert answer.status_code == 200
    assert answer.json["id"].startswith("msg_")
    assert [(each.to, each.text) for each in sent_by(service)] == [(NUMBER, TEXT)]


def test_authentik_shows_the_whole_body_of_an_error_to_its_user(
    system: Caller, service: Service, configure: Configure
) -> None:
    configure(hooked("authentik"))
    signed = {**JSON, "Authorization": f"Basic {BASIC}"}
    post(system, "authentik", AUTHENTIK, signed)
    answers = [
        post(system, "authentik", AUTHENTIK.replace(b"402853", b"111111"), signed),
        post(system, "authentik", AUTHENTIK.replace(NUMBER.encode(), b"+4915112345678"), signed),
        post(system, "authentik", AUTHENTIK.replace(NUMBER.encode(), b"+44 20 8366 1177"), signed),
        post(system, "authentik", b"{}", JSON),
        post(system, "authentik", b"not json", signed),
    ]
    assert [(each.status_code, each.text) for each in answers] == [
        (429, "Too many codes were asked for. Try again in 30 seconds."),
        (403, "We send no messages to the country of this number."),
        (422, "This is not a mobile number that can receive messages."),
        (401, "The message cannot be sent now. Try again later."),
        (400, "The message cannot be sent now. Try again later."),
    ]
    assert {each.headers["Content-Type"].partition(";")[0] for each in answers} == {"text/plain"}
    assert answers[0].headers["Retry-After"] == "30"


# Java's String.format: no space, nothing escaped, and a field for the sender that is always there.
KEYCLOAK = f'{{"text":"Ihr SMS-Code lautet 402853 und ist 5 Minuten gültig.","to":"{NUMBER}","from":"Shop"}}'
KEYCLOAK_TEXT = "Ihr SMS-Code lautet 402853 und ist 5 Minuten gültig."
KEYCLOAK_FORM = (
    f"text=Ihr+SMS-Code+lautet+402853+und+ist+5+Minuten+g%C3%BCltig.&to={PERCENT_NUMBER}&from=Shop"
)


@pytest.mark.parametrize(
    ("lines", "raw", "headers"),
    [
        pytest.param((), KEYCLOAK, {**JSON, "Authorization": f"Basic {BASIC}"}, id="Basic, JSON"),
        # URL encode data. Without an attribute for the secret, its name is empty.
        pytest.param(
            (),
            f"={SECRET}&{KEYCLOAK_FORM}",
            {**FORM, "Authorization": f"Basic {BASIC}"},
            id="Basic, form",
        ),
        # Put API Secret Token in Authorization Header: as it stands, whatever the header is called.
        pytest.param(
            ('auth = "header"', f'secrets = ["{SECRET}"]'),
            KEYCLOAK_FORM,
            {**FORM, "Authorization": SECRET},
            id="Authorization",
        ),
        pytest.param(
            ('auth = "header"', 'header = "X-Api-Key"', f'secrets = ["{SECRET}"]'),
            KEYCLOAK,
            {**JSON, "x-api-key": SECRET},
            id="named header",
        ),
        pytest.param(
            ('auth = "field"', 'secret_field = "key"', f'secrets = ["{SECRET}"]'),
            KEYCLOAK.replace("{", f'{{"key":"{SECRET}","uuid":"7f2b6a0e-8d53-4f0b-9a2e-9d5b1f6f1c11",', 1),
            JSON,
            id="attribute",
        ),
        # stripPlusPrefix, and attributes of other names.
        pytest.param(
            ("adds_plus = true", 'number = "receiver"', 'text = "message"'),
            KEYCLOAK.replace('"to":"+', '"receiver":"').replace('"text"', '"message"'),
            {**JSON, "Authorization": f"Basic {BASIC}"},
            id="without the plus",
        ),
    ],
)
def test_keycloak_has_its_text_sent(
    system: Caller,
    service: Service,
    configure: Configure,
    lines: tuple[str, ...],
    raw: str,
    headers: dict[str, str],
) -> None:
    configure(hooked("keycloak", *lines))
    assert post(system, "keycloak", raw.encode(), headers).status_code == 200
    assert [(each.to, each.text) for each in sent_by(service)] == [(NUMBER, KEYCLOAK_TEXT)]
    stranger = {
        name: value.replace(SECRET, "x").replace(BASIC, "b3RwOng=") for name, value in headers.items()
    }
    without = raw.replace(SECRET, "x").replace("402853", "111111")
    assert problem(post(system, "keycloak", without.encode(), stranger)) == (401, "unauthenticated")
    assert service.count("verifications") == 1


# Go's encoding/json, the keys of maps in order, what is HTML escaped.
ZITADEL = (
    '{"contextInfo":{"eventType":"session.otp.sms.challenged",'
    '"provider":{"id":"285181292935381355","description":"otp-worker"},'
    f'"recipientPhoneNumber":"{NUMBER}"}},'
    '"templateData":{"title":"VerifySMSOTP.Title","preHeader":"VerifySMSOTP.PreHeader",'
    '"subject":"VerifySMSOTP.Subject","greeting":"VerifySMSOTP.Greeting",'
    '"text":"402853 is your one-time password for shop.example \\u0026 co. '
    'Use it within the next 5m0s.\\n@shop.example #402853",'
    '"primaryColor":"#5469d4","backgroundColor":"#fafafa","fontColor":"#000000",'
    '"fontFamily":"-apple-system, BlinkMacSystemFont","footerText":"VerifySMSOTP.Footer"},'
    '"args":{"changeDate":"2026-03-01T11:58:50.73237+00:00","code":"402853","displayName":"Ann Lee",'
    '"domain":"shop.example","expiry":300000000000,"lastPhone":"+447400999999","loginNames":["ann"],'
    '"verifiedPhone":""}}'
).encode()
ZITADEL_TEXT = (
    "402853 is your one-time password for shop.example & co. Use it within the next 5m0s."
    "\n@shop.example #402853"
)


def zitadel_headers(raw: bytes, seconds: int, *keys: str) -> dict[str, str]:
    signed = f"{seconds}.".encode() + raw
    made = [hmac.digest(key.encode(), signed, hashlib.sha256).hex() for key in keys]
    return {**JSON, "ZITADEL-Signature": ",".join((f"t={seconds}", *(f"v1={each}" for each in made)))}


def test_zitadel_signs_with_each_of_its_keys(system: Caller, service: Service, configure: Configure) -> None:
    configure(hooked("zitadel", f'secrets = ["{SECRET}", "{SECRET[::-1]}"]'))
    now = int(service.clock().timestamp())
    for keys in ((SECRET,), (SECRET[::-1],), ("somebody else's", SECRET)):
        answer = post(system, "zitadel", ZITADEL, zitadel_headers(ZITADEL, now, *keys))
        assert answer.status_code == 200
    assert [(each.to, each.text) for each in sent_by(service)] == [(NUMBER, ZITADEL_TEXT)]


def test_who_has_no_key_of_zitadels_has_nothing_sent(
    system: Caller, service: Service, configure: Configure
) -> None:
    configure(hooked("zitadel", f'secrets = "{SECRET}"'))
    now = int(service.clock().timestamp())
    right = zitadel_headers(ZITADEL, now, SECRET)["ZITADEL-Signature"]
    strangers = [
        JSON,
        zitadel_headers(ZITADEL, now, "somebody else's"),
        zitadel_headers(ZITADEL, now),
        zitadel_headers(ZITADEL, now - 301, SECRET),
        zitadel_headers(ZITADEL + b" ", now, SECRET),
        {**JSON, "ZITADEL-Signature": right.replace(f"t={now}", f"t={now + 1}")},
        {**JSON, "ZITADEL-Signature": right.replace("t=", "t=x")},
        {**JSON, "ZITADEL-Signature": f"t={now},v1=zz"},
    ]
    for headers in strangers:
        assert problem(post(system, "zitadel", ZITADEL, headers)) == (401, "unauthenticated"), headers
    assert service.count("verifications") == 0


# go-jsonnet writes the fields in order, each on a line of its own behind three blanks.
KRATOS = (
    '{\n   "body": "Your login code is: 402853\\n\\nIt expires in 15 minutes.\\n",\n'
    f'   "recipient": "{NUMBER}"\n}}\n'
).encode()


@pytest.mark.parametrize(
    ("lines", "authorization"),
    [
        # auth.type basic_auth, and api_key in the header Authorization.
        ((), f"Basic {BASIC}"),
        (('auth = "bearer"', f'secrets = ["{SECRET}"]'), f"Bearer {SECRET}"),
    ],
)
def test_kratos_has_its_message_sent_once_for_all_its_tries(
    system: Caller, service: Service, configure: Configure, lines: tuple[str, ...], authorization: str
) -> None:
    configure(hooked("kratos", *lines))
    for _ in range(5):
        answer = post(system, "kratos", KRATOS, {**JSON, "Authorization": authorization})
        assert answer.status_code == 200
        service.clock.move(11)
    assert [each.text for each in sent_by(service)] == [
        "Your login code is: 402853\n\nIt expires in 15 minutes.\n"
    ]


@pytest.mark.parametrize("name", ["keycloak", "kratos"])
def test_who_reads_the_log_is_told_of_a_problem(
    system: Caller, service: Service, configure: Configure, name: str
) -> None:
    configure(hooked(name))
    raw = (KEYCLOAK.encode() if name == "keycloak" else KRATOS).replace(NUMBER.encode(), b"+4915112345678")
    answer = post(system, name, raw, {**JSON, "Authorization": f"Basic {BASIC}"})
    assert problem(answer) == (403, "country_not_allowed")
    assert "OTP_COUNTRIES" in answer.json["detail"]


def test_a_test_hook_reaches_no_phone(system: Caller, service: Service, configure: Configure) -> None:
    configure(hooked("kratos", "test = true"))
    assert post(system, "kratos", KRATOS, {**JSON, "Authorization": f"Basic {BASIC}"}).status_code == 200
    assert sent_by(service) == []


def test_hooks_know_nothing_of_each_other(system: Caller, service: Service, configure: Configure) -> None:
    configure(hooked("kratos"))
    configure(f'[hooks.second]\npreset = "kratos"\nsecrets = ["otp:{SECRET[::-1]}"]\napp = "kratos"')
    signed = {**JSON, "Authorization": f"Basic {BASIC}"}
    assert problem(post(system, "second", KRATOS, signed)) == (401, "unauthenticated")
    assert problem(post(system, "third", KRATOS, signed)) == (404, "not_found")
    second = base64.b64encode(f"otp:{SECRET[::-1]}".encode()).decode()
    assert post(system, "kratos", KRATOS, signed).status_code == 200
    service.clock.move(31)
    assert post(system, "second", KRATOS, {**JSON, "Authorization": f"Basic {second}"}).status_code == 200
    assert len(sent_by(service)) == 2
