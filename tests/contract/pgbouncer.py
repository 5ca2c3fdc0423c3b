"""A PgBouncer of a test's own, in transaction mode, on loopback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports

PROGRAM = Path("/usr/sbin/pgbouncer")
_CONFIGURATION = """\
[databases]
* = host={host} port={server} user=postgres
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
"""


@contextmanager
def running_pgbouncer(server_port: int) -> Iterator[int]:
    """The port of a pooler in front of a Postgres server."""
    # It does not run as root, and its own user must get in.
    with TemporaryDirectory(prefix="otp-pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = free_ports(None)[0]
        file = folder / "pgbouncer.ini"
        file.write_text(_CONFIGURATION.format(host=LOOPBACK, server=server_port, port=port))
        user = " --user=nobody" if os.geteuid() == 0 else ""
        with Fleet(folder, cwd=folder, env=child_environment({})) as fleet:
            fleet.start("pgbouncer", f"exec {PROGRAM}{user} {file}")
            fleet.await_ready("pgbouncer", lambda: _answers(port), 10)
            yield port


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://postgres@{LOOPBACK}:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
