"""The hooks file: what it says, what a preset says for it, and what is said of a bad one."""

from pathlib import Path

import pytest

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.hook import Hook, HookAuth, HookErrors
from otp_worker.service.hook_presets import PRESETS
from otp_worker.service.hooks_file import read_hooks
from otp_worker.service.roles import load_settings
from tests.unit.service.environments import WHOLE, problem

SECRET = "a-secret-of-the-tests-0123456789"
WEBHOOK_SECRET = "v1,whsec_" + "QUJD" * 8


def read(tmp_path: Path, text: str) -> dict[str, Hook]:
    path = tmp_path / "hooks.toml"
    path.write_text(text)
    return read_hooks(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is said of a bad file, without its name."""
    with pytest.raises(ConfigurationError) as told:
        read(tmp_path, text)
    prefix = f"OTP_HOOKS_FILE: {tmp_path}/hooks.toml"
    lines = str(told.value).splitlines()
    assert all(line.startswith(prefix) for line in lines)
    assert SECRET not in str(told.value)
    return [line.removeprefix(prefix).removeprefix(", ").removeprefix(": ") for line in lines]


def test_a_hook_with_a_presets_name_needs_its_secret_alone(tmp_path: Path) -> None:
    (hook,) = read(tmp_path, f'[hooks.supabase]\nsecrets = "{WEBHOOK_SECRET}"').values()
    assert hook == Hook(
        name="supabase",
        app="supabase",
        auth=HookAuth.STANDARD_WEBHOOKS,
        secrets=(WEBHOOK_SECRET,),
        number=("sms", "phone"),
        code=("sms", "otp"),
        user=("user", "id"),
        adds_plus=True,
        errors=HookErrors.SUPABASE,
    )
    assert SECRET not in repr(hook)


def test_every_preset_is_a_whole_hook_beside_its_secret(tmp_path: Path) -> None:
    for name, preset in PRESETS.items():
        secret = WEBHOOK_SECRET if preset["auth"] == "standard_webhooks" else f"otp:{SECRET}"
        hooks = read(tmp_path, f'[hooks.mine]\npreset = "{name}"\napp = "shop"\nsecrets = ["{secret}"]')
        assert (hooks["mine"].app, hooks["mine"].auth) == ("shop", preset["auth"])


def test_what_the_file_says_goes_before_the_preset(tmp_path: Path) -> None:
    text = f"""
[hooks.authentik]
auth = "header"
header = "X-Api-Key"
secrets = ["{SECRET}", "{SECRET[::-1]}"]
code = "Body"
words = "Corner Shop: {{code}}\\n@shop.example #1"
expires_in_seconds = 120
test = true
"""
    hook = read(tmp_path, text)["authentik"]
    assert (hook.text, hook.code, hook.header) == (None, ("Body",), "X-Api-Key")
    assert (hook.owner, hook.expires_in_seconds) == ("test:authentik", 120)
    assert hook.secrets == (SECRET, SECRET[::-1])


def test_secrets_can_be_the_lines_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text(f"otp:{SECRET}\notp:{SECRET[::-1]}\n")
    hook = read(tmp_path, f'[hooks.kratos]\nsecrets_file = "{tmp_path}/secrets"')["kratos"]
    assert hook.secrets == (f"otp:{SECRET}", f"otp:{SECRET[::-1]}")


GOOD = f'auth = "bearer"\nsecrets = "{SECRET}"\nnumber = "to"\ntext = "text"\n'


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "line 1: hooks.x.auth: Field required"),
        (f'{GOOD}colour = "red"', "line 6: hooks.x.colour: there is no such field"),
        (f'{GOOD}preset = "twilio"', f"line 6: hooks.x.preset: give one of {', '.join(PRESETS)}"),
        (f'{GOOD}app = "not an app"', "line 6: hooks.x.app: give 1 to 48 letters"),
        (f'{GOOD}code = "code"', "line 1: hooks.x: give text or code"),
        (f'{GOOD}words = "no code"', "line 6: hooks.x.words: give a text with {code} in it once"),
        (f'{GOOD}words = "{{code}} {{code}}"', "line 6: hooks.x.words: give a text with {code}"),
        (f'{GOOD}header = "X Y"', "line 6: hooks.x.header: "),
        (f'{GOOD}secret_field = "key"', "line 1: hooks.x: secret_field goes with"),
        (f"{GOOD}expires_in_seconds = 3601", "line 6: hooks.x.expires_in_seconds: "),
        (f"{GOOD}repeat_seconds = 5", "line 6: hooks.x.repeat_seconds: "),
        (GOOD.replace("to", "a..b"), "line 4: hooks.x.number: give the names"),
        (GOOD.replace('"text"', "7"), "line 5: hooks.x.text: give the names"),
        (GOOD.replace(SECRET, "too short"), "line 1: hooks.x: secrets: too weak"),
        (GOOD.replace(SECRET, ""), "line 3: hooks.x.secrets: give secrets of printable"),
        (GOOD.replace(SECRET, SECRET + "é"), "line 3: hooks.x.secrets: give secrets of printable"),
        (GOOD.replace(f'"{SECRET}"', "[1]"), "line 3: hooks.x.secrets: give a list of texts"),
        (GOOD.replace("bearer", "basic"), "line 1: hooks.x: secrets: give user:password"),
        (GOOD.replace("bearer", "field"), "line 1: hooks.x: secret_field goes with"),
        (GOOD.replace("bearer", "oauth"), "line 2: hooks.x.auth: Input should be"),
        (
            GOOD.replace("bearer", "standard_webhooks").replace(SECRET, "whsec_QUJD"),
            "line 1: hooks.x: secrets: give base64 of at least 24",
        ),
        (
            GOOD.replace("bearer", "standard_webhooks"),
            "line 1: hooks.x: not a Standard Webhooks secret",
        ),
        (f'{GOOD}secrets_file = "/nowhere"', "line 6: hooks.x.secrets_file: cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, lines: str, said: str) -> None:
    found = problems(tmp_path, f"[hooks.x]\n{lines}")
    assert found[0].startswith(said), found


@pytest.mark.parametrize("text", ["", "[hook.x]", "[hooks]", '[hooks."a b"]', "hooks = 1"])
def test_a_file_that_names_no_hook_is_refused(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_a_bad_file_stops_the_start_of_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**WHOLE, "OTP_HOOKS_FILE": str(tmp_path / "none.toml")}.items():
        monkeypatch.setenv(name, value)
    assert (
        problem("web") == f"OTP_HOOKS_FILE: {tmp_path}/none.toml: cannot be read (No such file or directory)"
    )
    monkeypatch.setenv("OTP_HOOKS_FILE", "")
    assert load_settings("web").hooks == {}
