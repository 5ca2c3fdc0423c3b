"""On a network's file system SQLite is refused; on a local one it is not."""

from pathlib import Path

import pytest

from otp_worker.store import database_url
from otp_worker.store.database_url import parse_database_url
from otp_worker.store.file_systems import file_system_of, is_shared


def mounts(folder: Path, *told: tuple[str, str]) -> Path:
    """A mountinfo with these points and kinds."""
    file = folder / "mountinfo"
    lines = [f"{n} 1 0:{n} / {point} rw - {kind} source rw" for n, (point, kind) in enumerate(told)]
    file.write_text("\n".join(lines))
    return file


def test_the_deepest_mount_decides_and_of_two_on_one_point_the_later(tmp_path: Path) -> None:
    folder = tmp_path / "a share" / "otp"
    folder.mkdir(parents=True)
    point = str(folder.parent).replace(" ", "\\040")
    told = mounts(tmp_path, ("/", "ext4"), (point, "tmpfs"), (point, "nfs4"), (str(tmp_path), "xfs"))
    assert file_system_of(folder, told) == "nfs4"
    assert file_system_of(tmp_path, told) == "xfs"
    assert file_system_of(Path("/"), told) == "ext4"


def test_where_the_machine_does_not_tell_nothing_is_refused(tmp_path: Path) -> None:
    assert file_system_of(tmp_path, tmp_path / "missing") == ""
    assert not is_shared("")


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "fuse.ceph-fuse"])
def test_a_networks_file_system_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setattr(database_url, "file_system_of", lambda _: kind)
    with pytest.raises(ValueError, match="on a network"):
        parse_database_url(f"sqlite:///{tmp_path}/otp.db")


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "virtiofs", "9p", "fuse.lxcfs"])
def test_a_local_one_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    monkeypatch.setattr(database_url, "file_system_of", lambda _: kind)
    assert parse_database_url(f"sqlite:///{tmp_path}/otp.db")


def test_this_machines_own_folder_is_found(tmp_path: Path) -> None:
    assert file_system_of(tmp_path)
    assert not is_shared(file_system_of(tmp_path))
