"""A small file system of the run's own, which can be filled without harm to anything else."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = "256m"


@contextmanager
def small_disk(folder: Path, size: str = SIZE) -> Iterator[Path]:
    """A tmpfs of that size mounted on ``folder``, gone at the end.

    Raises CalledProcessError where that is not allowed.
    """
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "otp-chaos", str(folder))
    try:
        yield folder
    finally:
        # Lazily: a process that still ends must not keep it.
        _run("umount", "--lazy", str(folder))


def disks_can_be_mounted() -> bool:
    """Whether this machine lets us mount one."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory(prefix="otp-chaos-") as folder:
        try:
            with small_disk(Path(folder)):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def _run(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
