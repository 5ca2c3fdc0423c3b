"""The gateways file: what it says, and what is said of a bad one."""

from datetime import time
from pathlib import Path

import pytest

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.sim import Hours, Sims, UncertainPolicy
from otp_worker.gateways.mobile_api_connect import MobileApiConnect
from otp_worker.gateways.smsgate import SmsGate
from otp_worker.service.gateways_file import read_gateways

WHOLE = """
# Two phones.
[gateways.office]
kind = "mobile_api_connect"
key_file = "{key_file}"

[gateways.pixel]
kind = "smsgate"
url = "http://192.168.1.20:8080"
key = "sms:password-of-the-phone"
device = "a1b2c3"

[[gateways.pixel.sims]]
number = "+44 7400 000001"
slot = 1
countries = ["GB", "IE"]
weight = 3
pace_per_minute = 20
per_day = 400
recipients_per_month = 200
hours = "07:00-22:30"
time_zone = "Europe/London"

[[gateways.pixel.sims]]
name = "spare"
slot = "2"
uncertain = "never"
"""


def read(tmp_path: Path, text: str) -> Sims:
    path = tmp_path / "gateways.toml"
    path.write_text(text)
    return read_gateways(path, UncertainPolicy.RESEND_ONCE)


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is said of a bad file, without its name."""
    with pytest.raises(ConfigurationError) as told:
        read(tmp_path, text)
    prefix = f"OTP_GATEWAYS_FILE: {tmp_path}/gateways.toml"
    lines = str(told.value).splitlines()
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix).removeprefix(", ").removeprefix(": ") for line in lines]


def test_a_file_is_gateways_with_their_sims(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk_live_key\n")
    sims = read(tmp_path, WHOLE.format(key_file=key))
    assert isinstance(sims.gateways["office"], MobileApiConnect)
    assert isinstance(sims.gateways["pixel"], SmsGate)
    office, first, spare = sims.all
    assert (office.name, office.gateway, office.countries, office.weight) == ("office", "office", None, 1)
    assert (first.name, first.number, first.slot) == ("pixel-1", "+447400000001", "1")
    assert sorted(first.countries or ()) == ["GB", "IE"]
    assert (first.weight, first.pace_per_minute, first.per_day) == (3, 20, 400)
    assert first.recipients_per_month == 200
    assert first.hours == Hours(time(7), time(22, 30))
    assert str(first.zone) == "Europe/London"
    assert (spare.name, spare.slot, spare.uncertain) == ("spare", "2", UncertainPolicy.NEVER)


def test_a_gateway_that_dedupes_may_be_asked_again_unless_it_is_said(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk_live_key")
    office, pixel, _ = read(tmp_path, WHOLE.format(key_file=key)).all
    assert (office.uncertain, pixel.uncertain) == (UncertainPolicy.RESEND_ONCE, UncertainPolicy.REPEAT)


GATEWAY = '[gateways.a]\nkind = "mobile_api_connect"\nkey = "sk_live_secret"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gateways.a", "is not TOML: "),
        ("", "names no gateway; give [gateways.NAME]"),
        ('[gateway.a]\nkind = "x"\n', "line 1: gateway: there is no such table; give [gateways.NAME]"),
        ('[gateways.a]\nkind = "pigeon"\n', "line 2: gateways.a.kind: give one of "),
        ("[gateways.a]\n", "line 1: gateways.a.kind: give one of "),
        ('[gateways.a]\nkind = "mobile_api_connect"\n', "line 1: gateways.a.key: Field required"),
        (f'{GATEWAY}colour = "red"\n', "line 4: gateways.a.colour: there is no such field"),
        (f'{GATEWAY}url = "phone.local"\n', "line 4: gateways.a.url: not an http:// or https:// URL"),
        (
            f'{GATEWAY}webhook_secret_file = "/none"\n',
            "line 4: gateways.a.webhook_secret_file: cannot be read",
        ),
        (f"{GATEWAY}sims = 2\n", "line 4: gateways.a.sims: give [[gateways.NAME.sims]] for each SIM"),
        (
            f"{GATEWAY}[[gateways.a.sims]]\n\nper_day = -1\n",
            "line 6: gateways.a.sims.0.per_day: Input should be greater than or equal to 0",
        ),
        (
            f"{GATEWAY}[[gateways.a.sims]]\n[[gateways.a.sims]]\nweight = 0\n",
            "line 6: gateways.a.sims.1.weight: Input should be greater than or equal to 1",
        ),
        (
            f'{GATEWAY}[[gateways.a.sims]]\nhours = "7-22"\n',
            'line 5: gateways.a.sims.0.hours: give hours such as "07:00-22:00"',
        ),
        (
            f'{GATEWAY}[[gateways.a.sims]]\nhours = "07:00-25:00"\n',
            'line 5: gateways.a.sims.0.hours: give hours such as "07:00-22:00"',
        ),
        (
            f'{GATEWAY}[[gateways.a.sims]]\ntime_zone = "London"\n',
            "line 5: gateways.a.sims.0.time_zone: there is no such time zone; give one such as",
        ),
        (
            f'{GATEWAY}[[gateways.a.sims]]\nnumber = "07400 000001"\n',
            'line 5: gateways.a.sims.0.number: give the SIM\'s own number in E.164, such as "+447400123456"',
        ),
        (
            f'{GATEWAY}[[gateways.a.sims]]\ncountries = ["XX"]\n',
            "line 5: gateways.a.sims.0.countries: not an ISO 3166 country code: XX",
        ),
        (
            f'{GATEWAY}[[gateways.a.sims]]\ncountries = "GB"\n',
            "line 5: gateways.a.sims.0.countries: name at least one country, such as GB,DE",
        ),
        (
            f'{GATEWAY}[[gateways.a.sims]]\nname = "b"\n[[gateways.a.sims]]\nname = "b"\n',
            "line 6: gateways.a.sims.1: another SIM is called b too; name it otherwise",
        ),
        ('[gateways."a b"]\nkind = "x"\n', "line 1: gateways.a b: a gateway's name has 1 to 40 letters"),
    ],
    ids=range(20),
)
def test_what_is_wrong_is_told_by_its_line_and_field(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(said)
    assert "secret" not in problem.replace("webhook_secret_file", "")


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = f'{GATEWAY}[[gateways.a.sims]]\nper_day = "many"\nweight = 0\n[gateways.b]\nkind = "pigeon"\n'
    assert [line.split(":")[0] for line in problems(tmp_path, text)] == ["line 5", "line 6", "line 8"]


def test_the_example_in_deploy_is_a_good_one() -> None:
    sims = read_gateways(Path(__file__).parents[3] / "deploy/gateways.toml", UncertainPolicy.RESEND_ONCE)
    assert [sim.name for sim in sims.all] == ["office", "pixel-1", "spare"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read"):
        read_gateways(tmp_path / "none.toml", UncertainPolicy.REPEAT)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ("v1,whsec_x", "begins with v1, which is no part of the secret; leave that out"),
        ("whsec_x ", "holds blanks at an end, a line break or an invisible character"),
    ],
)
def test_a_webhook_secret_that_was_copied_with_something_else_is_named(
    tmp_path: Path, odd: str, said: str
) -> None:
    (problem,) = problems(tmp_path, f'{GATEWAY}webhook_secret = "{odd}"\n')
    assert problem == f"line 4: gateways.a.webhook_secret: {said}"
