"""What is published of a version, built from the commit that is checked out."""

import hashlib
import json
import re
import subprocess
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from otp_worker.devtools.release import build
from otp_worker.devtools.release.build import DIGESTS, SBOM, ReleaseError, release
from otp_worker.devtools.release.sbom import bill, read_lock
from otp_worker.domain.ports import utc_now

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "deploy" / "requirements.lock"
LINE = (
    f"a==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}\n"
    "    # via\n    #   b\n    #   otp-worker\n"
)
OTHER = (
    f"b==2.0 \\\n    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'2' * 64}\n"
    "    # via otp-worker (pyproject.toml)\n"
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small project of one commit."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "small"\nversion = "1.0"\n'
        '[tool.hatch.build.targets.wheel]\nonly-include = ["small.py"]\n'
    )
    (folder / "small.py").write_text("")
    (folder / "deploy").mkdir()
    (folder / "deploy" / "requirements.lock").write_text(LINE + OTHER)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Begin"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run(["git", *identity, *command], cwd=folder, check=True, timeout=60)
    return folder


def test_the_version_that_is_checked_out_is_built_to_the_same_bytes_twice(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git")
    made = release(ROOT, tmp_path / "dist")
    wheel, source = (next(name for name in made.files if name.endswith(end)) for end in (".whl", ".tar.gz"))
    assert {*made.files} == {wheel, source, SBOM}
    names = ZipFile(tmp_path / "dist" / wheel).namelist()
    assert "otp_worker/__main__.py" in names
    with tarfile.open(tmp_path / "dist" / source) as archive:
        assert any(name.endswith("/deploy/README.md") for name in archive.getnames())
    told = (tmp_path / "dist" / DIGESTS).read_text()
    for name, digest in made.files.items():
        assert hashlib.sha256((tmp_path / "dist" / name).read_bytes()).hexdigest() == digest
        assert f"{digest}  {name}\n" in told
    assert (
        JsonStrictValidator(SchemaVersion.V1_6).validate_str((tmp_path / "dist" / SBOM).read_text()) is None
    )


def test_what_is_not_committed_is_not_published(repository: Path, tmp_path: Path) -> None:
    (repository / "secret.env").write_text("OTP_SECRET_KEY=x")
    first = release(repository, tmp_path / "first")
    (repository / "small.py").write_text("changed = True")
    assert release(repository, tmp_path / "second").files == first.files
    with tarfile.open(tmp_path / "first" / "small-1.0.tar.gz") as archive:
        assert not any("secret.env" in name for name in archive.getnames())


def test_builds_that_differ_are_not_published(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = iter([{"small.whl": b"1"}, {"small.whl": b"2"}])
    monkeypatch.setattr(build, "_build", lambda *_: next(built))
    with pytest.raises(ReleaseError, match=r"differ: small\.whl"):
        release(repository, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_nothing_is_written_over(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="is there already"):
        release(repository, tmp_path)
    with pytest.raises(ReleaseError, match="git -C"):
        release(repository, tmp_path / "dist", "no-such-commit")


def test_the_bill_names_each_locked_package_with_its_hashes_and_who_needs_it() -> None:
    told = bill(read_lock(LINE + OTHER), "otp-worker", "1.0", utc_now())
    first, second = told["components"]
    assert first["properties"] == [{"name": "pypi:marker", "value": "sys_platform == 'win32'"}]
    assert [each["content"][0] for each in second["externalReferences"][0]["hashes"]] == ["1", "2"]
    needs = {each["ref"]: each["dependsOn"] for each in told["dependencies"]}
    assert needs["pkg:pypi/b@2.0"] == ["pkg:pypi/a@1.0"]
    assert needs["pkg:pypi/otp-worker@1.0"] == ["pkg:pypi/a@1.0", "pkg:pypi/b@2.0"]


def test_every_package_of_the_lock_is_in_the_bill() -> None:
    packages = {each.name for each in read_lock(LOCK.read_text())}
    assert packages == set(re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE))
    assert json.dumps(bill(read_lock(LOCK.read_text()), "otp-worker", "1.0", utc_now()))


def test_a_package_without_a_hash_makes_no_bill() -> None:
    with pytest.raises(ValueError, match="1 packages of the lock are not pinned and hashed"):
        read_lock(f"{LINE}c==3.0\n")
