"""Making `.venv` in a bare checkout. Stdlib only: it runs before anything is installed."""

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import venv
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from otp_worker.devtools.setup.step import SetupError, SetupStep
from otp_worker.service.processes.lock import locked

__all__ = ["Checkout", "SetupError", "Stamp", "is_current", "prepare"]


@dataclass(frozen=True)
class Checkout:
    """A checkout of the project, and where its parts are."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.venv / "otp-worker-setup.json"

    @property
    def requirements(self) -> Path:
        return self.root / "deploy" / "requirements.lock"

    @property
    def project(self) -> Path:
        return self.root / "pyproject.toml"

    @property
    def state(self) -> Path:
        return self.root / ".state"

    @property
    def is_running(self) -> bool:
        """Whether the Python that asks is the one of `.venv`."""
        return Path(sys.prefix).resolve() == self.venv.resolve()


@dataclass(frozen=True)
class Stamp:
    """What a `.venv` was made from and how far it got; written after each part that is done."""

    python: str
    path: str
    requirements: str
    project: str | None

    @classmethod
    def wanted(cls, checkout: Checkout) -> "Stamp":
        """The stamp of a complete `.venv` made by this Python for the checkout as it is now."""
        return cls(
            python=f"{platform.python_implementation()} {platform.python_version()} of {sys.base_prefix}",
            path=str(checkout.venv),
            requirements=_digest(checkout.requirements),
            project=_digest(checkout.project),
        )

    @classmethod
    def found(cls, checkout: Checkout) -> "Stamp | None":
        """The stamp of the `.venv` that is there, None if there is none or no running Python in it."""
        if not os.access(checkout.python, os.X_OK):
            return None
        try:
            return cls(**json.loads(checkout.stamp.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, checkout: Checkout) -> None:
        draft = checkout.stamp.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(checkout.stamp)

    def without_project(self) -> "Stamp":
        """The stamp of a `.venv` that has all requirements, and not yet the project itself."""
        return Stamp(self.python, self.path, self.requirements, None)


def is_current(checkout: Checkout) -> bool:
    """Whether `.venv` is complete, and made from the checkout as it is now."""
    return Stamp.found(checkout) == Stamp.wanted(checkout)


def prepare(checkout: Checkout) -> None:
    """Make `.venv` what the checkout needs; nothing to do takes milliseconds.

    Concurrent calls wait for one another, and what a killed one left is repaired.
    Raises SetupError with a sentence for the user.
    """
    if is_current(checkout):
        return
    try:
        with locked(checkout.state / "setup.lock", on_wait=_say_waiting) as lock:
            _make(checkout, Stamp.wanted(checkout), lock)
    except OSError as error:
        raise SetupError(f"cannot set up in {checkout.root}: {error}") from error


def _make(checkout: Checkout, wanted: Stamp, lock: int) -> None:
    found = Stamp.found(checkout)
    if found == wanted:
        return
    step = SetupStep(checkout.state / "setup.log", checkout.root, lock)
    step.log.write_text("")
    if found is None or found.without_project() != wanted.without_project():
        _install_requirements(checkout, step)
        wanted.without_project().write(checkout)
    _install_project(checkout, step)
    wanted.write(checkout)


def _install_requirements(checkout: Checkout, step: SetupStep) -> None:
    pip_is_here = find_spec("pip") is not None
    if not pip_is_here and find_spec("ensurepip") is None:
        raise SetupError(
            "set-up needs pip: install it (on Debian `apt-get install python3-pip`) and start again"
        )
    _remove(checkout.venv)
    venv.create(checkout.venv, symlinks=True, with_pip=False)
    if not pip_is_here:
        step.run("Bringing pip", [str(checkout.python), "-m", "ensurepip"])
    count = len(re.findall(r"^\S+==", checkout.requirements.read_text(), re.MULTILINE))
    step.run(
        f"Installing {count} locked packages",
        [*_pip_install(checkout), "--require-hashes", "--requirement", str(checkout.requirements)],
        count=count,
    )


def _install_project(checkout: Checkout, step: SetupStep) -> None:
    options = ["--no-build-isolation", "--no-deps", "--editable", str(checkout.root)]
    step.run("Installing otp-worker", [*_pip_install(checkout), *options])


def _pip_install(checkout: Checkout) -> list[str]:
    """The pip that installs into `.venv`: this Python's, else the one that ensurepip put inside."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", str(checkout.python), "install"]
    return [str(checkout.python), "-m", "pip", "install"]


def _remove(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _say_waiting() -> None:
    print("Another set-up of this checkout is at work; waiting for it.", file=sys.stderr)
