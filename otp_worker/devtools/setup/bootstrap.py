"""Making `.venv` in a bare checkout. Stdlib only: it runs before anything is installed."""

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import venv
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from otp_worker.devtools.setup.step import SetupError, SetupStep
from otp_worker.service.processes.lock import locked

__all__ = ["Checkout", "Packages", "SetupError", "Stamp", "is_current", "prepare"]


class Packages(StrEnum):
    """What a `.venv` is made from: a lock in `deploy/`. The second holds all of the first."""

    DEMO = "requirements-demo.lock"
    ALL = "requirements-dev.lock"


@dataclass(frozen=True)
class Checkout:
    """A checkout of the project, and where its parts are."""

    root: Path

    @classmethod
    def ours(cls) -> "Checkout":
        """The checkout that this code runs from; of an installation, a folder that is none."""
        return cls(Path(__file__).resolve().parents[3])

    @property
    def is_there(self) -> bool:
        """Whether this is a checkout."""
        return self.project.is_file()

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.venv / "otp-worker-setup.json"

    def lock(self, packages: Packages) -> Path:
        """The file that names them."""
        return self.root / "deploy" / packages

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
    packages: str
    requirements: str
    project: str | None

    @classmethod
    def wanted(cls, checkout: Checkout, packages: Packages) -> "Stamp":
        """The stamp of a complete `.venv` with these packages, by this Python for the checkout as it is."""
        return cls(
            python=f"{platform.python_implementation()} {platform.python_version()} of {sys.base_prefix}",
            path=str(checkout.venv),
            packages=packages,
            requirements=_digest(checkout.lock(packages)),
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
        return replace(self, project=None)


def is_current(checkout: Checkout, packages: Packages) -> bool:
    """Whether `.venv` is complete, has these packages, and was made from the checkout as it is now."""
    found = Stamp.found(checkout)
    return found is not None and found in (Stamp.wanted(checkout, each) for each in _with_more(packages))


def prepare(checkout: Checkout, packages: Packages) -> None:
    """Make `.venv` what these packages need; nothing to do takes milliseconds.

    Concurrent calls wait for one another, and what a killed one left is repaired.
    Raises SetupError with a sentence for the user.
    """
    if is_current(checkout, packages):
        return
    try:
        with locked(checkout.state / "setup.lock", on_wait=_say_waiting) as lock:
            _make(checkout, packages, lock)
    except OSError as error:
        raise SetupError(f"cannot set up in {checkout.root}: {error}") from error


def _with_more(packages: Packages) -> list[Packages]:
    """These, and those that hold them too."""
    return list(Packages)[list(Packages).index(packages) :]


def _make(checkout: Checkout, packages: Packages, lock: int) -> None:
    found = Stamp.found(checkout)
    if found is not None:
        # A newer project file alone is no reason to take away what `.venv` has more than these.
        has = next((each for each in _with_more(packages) if _has(checkout, found, each)), None)
        packages = has or packages
    wanted = Stamp.wanted(checkout, packages)
    if found == wanted:
        return
    step = SetupStep(checkout.state / "setup.log", checkout.root, lock)
    step.log.write_text("")
    if found is None or found.without_project() != wanted.without_project():
        if found is None or not any(_has(checkout, found, each) for each in Packages):
            _make_empty(checkout, step)
        _install_requirements(checkout, packages, step)
        wanted.without_project().write(checkout)
    _install_project(checkout, step)
    wanted.write(checkout)


def _has(checkout: Checkout, found: Stamp, packages: Packages) -> bool:
    """Whether a `.venv` with that stamp has these packages, as the checkout wants them now."""
    return found.without_project() == Stamp.wanted(checkout, packages).without_project()


def _make_empty(checkout: Checkout, step: SetupStep) -> None:
    pip_is_here = find_spec("pip") is not None
    if not pip_is_here and find_spec("ensurepip") is None:
        raise SetupError(
            "set-up needs pip: install it (on Debian `apt-get install python3-pip`) and start again"
        )
    _remove(checkout.venv)
    venv.create(checkout.venv, symlinks=True, with_pip=False)
    if not pip_is_here:
        step.run("Bringing pip", [str(checkout.python), "-m", "ensurepip"])


def _install_requirements(checkout: Checkout, packages: Packages, step: SetupStep) -> None:
    lock = checkout.lock(packages)
    count = len(re.findall(r"^\S+==", lock.read_text(), re.MULTILINE))
    step.run(
        f"Installing {count} locked packages",
        [*_pip_install(checkout), "--require-hashes", "--requirement", str(lock)],
        count=count,
        into=checkout.venv,
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
