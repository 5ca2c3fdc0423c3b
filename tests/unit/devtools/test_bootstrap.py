"""Set-up of a bare checkout: what it makes, what it skips, what it repairs, and what it says."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from otp_worker.devtools.setup import bootstrap
from otp_worker.devtools.setup.bootstrap import Checkout, Packages, SetupError, Stamp, is_current, prepare
from otp_worker.devtools.setup.step import SetupStep

Steps = list[str]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path / "a checkout")
    made.lock(Packages.DEMO).parent.mkdir(parents=True)
    made.lock(Packages.DEMO).write_text(
        "celery==5.6.3 \\\n    --hash=sha256:00\n    # via otp-worker\nvine==5.1.0 \\\n"
    )
    made.lock(Packages.ALL).write_text("celery==5.6.3 \\\nruff==0.17.6 \\\nvine==5.1.0 \\\n")
    made.project.write_text("[project]\n")
    return made


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """The titles of the steps that set-up takes; none of them is carried out."""
    titles: Steps = []
    monkeypatch.setattr(SetupStep, "run", lambda _self, title, *_, **__: titles.append(title))
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: name)
    return titles


def failing_at(monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    def run(_self: SetupStep, step: str, *_: object, **__: object) -> None:
        if step == title:
            raise SetupError(step)

    monkeypatch.setattr(SetupStep, "run", run)


def test_a_bare_checkout_gets_all_of_it_once(checkout: Checkout, steps: Steps) -> None:
    prepare(checkout, Packages.DEMO)
    assert steps == ["Installing 2 locked packages", "Installing otp-worker"]
    assert checkout.python.exists()
    assert is_current(checkout, Packages.DEMO)
    prepare(checkout, Packages.DEMO)
    assert len(steps) == 2


def test_a_changed_lock_makes_everything_anew(checkout: Checkout, steps: Steps) -> None:
    prepare(checkout, Packages.DEMO)
    (checkout.venv / "stale").touch()
    checkout.lock(Packages.DEMO).write_text("celery==5.6.4\n")
    prepare(checkout, Packages.DEMO)
    assert steps[2:] == ["Installing 1 locked packages", "Installing otp-worker"]
    assert not (checkout.venv / "stale").exists()


def test_a_changed_project_file_installs_only_the_project(checkout: Checkout, steps: Steps) -> None:
    prepare(checkout, Packages.DEMO)
    checkout.project.write_text("[project]\nname = 'other'\n")
    prepare(checkout, Packages.DEMO)
    assert steps[2:] == ["Installing otp-worker"]


def test_the_tests_packages_are_added_to_those_of_the_demo(checkout: Checkout, steps: Steps) -> None:
    prepare(checkout, Packages.DEMO)
    (checkout.venv / "of the demo").touch()
    assert not is_current(checkout, Packages.ALL)
    prepare(checkout, Packages.ALL)
    assert steps[2:] == ["Installing 3 locked packages", "Installing otp-worker"]
    assert (checkout.venv / "of the demo").exists()
    assert is_current(checkout, Packages.ALL)


def test_a_demo_takes_nothing_away_from_what_the_tests_need(checkout: Checkout, steps: Steps) -> None:
    prepare(checkout, Packages.ALL)
    assert is_current(checkout, Packages.DEMO)
    checkout.project.write_text("[project]\nname = 'other'\n")
    prepare(checkout, Packages.DEMO)
    assert steps[2:] == ["Installing otp-worker"]
    assert is_current(checkout, Packages.ALL)


@pytest.mark.parametrize("changed", [{"python": "CPython 3.11.1 of /usr"}, {"extra": "field"}])
def test_a_venv_of_another_python_or_version_is_made_anew(
    checkout: Checkout, steps: Steps, changed: dict[str, str]
) -> None:
    prepare(checkout, Packages.DEMO)
    checkout.stamp.write_text(json.dumps(json.loads(checkout.stamp.read_text()) | changed))
    prepare(checkout, Packages.DEMO)
    assert len(steps) == 4


def test_a_moved_checkout_gets_a_venv_of_its_own(checkout: Checkout, steps: Steps, tmp_path: Path) -> None:
    prepare(checkout, Packages.DEMO)
    moved = Checkout(checkout.root.rename(tmp_path / "moved"))
    assert not is_current(moved, Packages.DEMO)
    prepare(moved, Packages.DEMO)
    assert len(steps) == 4


@pytest.mark.parametrize("spoil", [Path.unlink, lambda stamp: stamp.write_text("{")])
def test_a_venv_without_a_whole_stamp_is_made_anew(
    checkout: Checkout, steps: Steps, spoil: Callable[[Path], object]
) -> None:
    prepare(checkout, Packages.DEMO)
    spoil(checkout.stamp)
    prepare(checkout, Packages.DEMO)
    assert len(steps) == 4


def test_a_venv_whose_python_is_gone_is_made_anew(checkout: Checkout, steps: Steps) -> None:
    prepare(checkout, Packages.DEMO)
    checkout.python.unlink()
    checkout.python.symlink_to("/no/such/python")
    prepare(checkout, Packages.DEMO)
    assert len(steps) == 4
    assert checkout.python.exists()


def test_a_venv_that_is_a_link_is_replaced_and_its_target_left_alone(
    checkout: Checkout, steps: Steps, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    checkout.venv.symlink_to(tmp_path / "mine")
    prepare(checkout, Packages.DEMO)
    assert not checkout.venv.is_symlink()
    assert (tmp_path / "mine" / "file").exists()


def test_failing_at_the_packages_leaves_no_stamp(
    checkout: Checkout, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_at(monkeypatch, "Installing 2 locked packages")
    with pytest.raises(SetupError):
        prepare(checkout, Packages.DEMO)
    assert Stamp.found(checkout) is None


def test_failing_at_the_project_keeps_the_packages(
    checkout: Checkout, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_at(monkeypatch, "Installing otp-worker")
    with pytest.raises(SetupError):
        prepare(checkout, Packages.DEMO)
    assert not is_current(checkout, Packages.DEMO)
    assert Stamp.found(checkout) == Stamp.wanted(checkout, Packages.DEMO).without_project()


def test_without_pip_the_one_that_python_carries_is_used(
    checkout: Checkout, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: None if name == "pip" else name)
    prepare(checkout, Packages.DEMO)
    assert steps[0] == "Bringing pip"


def test_without_any_pip_one_sentence_says_what_to_install_and_nothing_is_removed(
    checkout: Checkout, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.venv / "mine").mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "find_spec", lambda _name: None)
    with pytest.raises(SetupError, match="apt-get install python3-pip"):
        prepare(checkout, Packages.DEMO)
    assert (checkout.venv / "mine").exists()


def test_a_folder_that_cannot_be_written_is_named(checkout: Checkout, steps: Steps) -> None:
    checkout.state.touch()
    with pytest.raises(SetupError, match=r"cannot set up in .*a checkout"):
        prepare(checkout, Packages.DEMO)
