"""Building a version from a commit, so that anybody gets the same bytes."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.release.sbom import bill, read_lock
from otp_worker.domain.errors import OtpError

LOCK, SBOM, DIGESTS = "deploy/requirements.lock", "otp-worker.cdx.json", "SHA256SUMS"
SECONDS = 300


class ReleaseError(OtpError):
    """Nothing was made that could be published; says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """What was made: each file's SHA-256, of which commit, and what ``twine check`` said of it."""

    commit: str
    made_at: datetime
    files: Mapping[str, str]
    checked: str


def release(checkout: Path, folder: Path, commit: str = "HEAD") -> Release:
    """Build wheel and source twice from a commit, and write them with bill and digests into a new folder.

    Raises ReleaseError where the two differ, or where the folder is there already.
    """
    if folder.exists():
        raise ReleaseError(f"{folder} is there already")
    found, seconds = _git(checkout, "log", "-1", "--format=%H %ct", commit).decode().split()
    source = _git(checkout, "archive", "--format=tar", found)
    made, again = (_build(source, seconds) for _ in range(2))
    if made != again:
        differing = ", ".join(sorted(name for name in made | again if made.get(name) != again.get(name)))
        raise ReleaseError(f"two builds of {found} differ: {differing}")
    at = datetime.fromtimestamp(int(seconds), UTC)
    made[SBOM] = _bill(source, at)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(made.items())}
    made[DIGESTS] = "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()
    folder.mkdir(parents=True)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return Release(found, at, digests, check(folder))


def check(folder: Path) -> str:
    """What twine says of the distributions; raises ReleaseError where it would not upload them."""
    if find_spec("twine") is None:
        return "not checked: twine is not installed (pip install twine)"
    files = [str(each) for each in sorted(folder.iterdir()) if each.suffix in (".whl", ".gz")]
    done = _run([sys.executable, "-m", "twine", "check", "--strict", *files], folder, child_environment({}))
    return done.decode().strip().splitlines()[-1]


def _build(source: bytes, seconds: str) -> dict[str, bytes]:
    """Wheel and source as a fresh folder makes them, by name."""
    with TemporaryDirectory(prefix="otp-release-") as name:
        tree, made = Path(name, "otp-worker"), Path(name, "dist")
        with tarfile.open(fileobj=io.BytesIO(source)) as archive:
            archive.extractall(tree, filter="data")
        environment = child_environment({"SOURCE_DATE_EPOCH": seconds})
        _run([sys.executable, "-m", "hatchling", "build", "--directory", str(made)], tree, environment)
        return {each.name: each.read_bytes() for each in made.iterdir()}


def _bill(source: bytes, at: datetime) -> bytes:
    packages = read_lock(_read(source, LOCK))
    version = tomllib.loads(_read(source, "pyproject.toml"))["project"]["version"]
    return (json.dumps(bill(packages, "otp-worker", version, at), indent=1) + "\n").encode()


def _read(source: bytes, name: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(source)) as archive:
        try:
            file = archive.extractfile(name)
        except KeyError:
            file = None
        if file is None:
            raise ReleaseError(f"the commit has no {name}")
        return file.read().decode()


def _git(checkout: Path, *arguments: str) -> bytes:
    return _run(["git", "-C", str(checkout), *arguments], checkout, child_environment({}))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> bytes:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False, timeout=SECONDS
        )
    except FileNotFoundError:
        raise ReleaseError(f"there is no {command[0]} here") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise ReleaseError(f"{' '.join(command[:4])} failed: {said[-1] if said else done.returncode}")
    return done.stdout
