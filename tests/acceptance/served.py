"""The application of the API's tests behind a real socket, in this process."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from api.app import create_app
from api.twilio.app import Wsgi
from otp_worker.devtools.processes.ports import LOOPBACK
from otp_worker.store.database import Database
from tests.api.service import Service


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _api(service: Service, url: str) -> Wsgi:
    return create_app(service.intake(), entry_url=url)


@contextmanager
def served(
    migrated_sqlite: Path, folder: Path, make_app: Callable[[Service, str], Wsgi] = _api
) -> Iterator[tuple[str, Service]]:
    """Where it answers, and the service behind it; ``make_app`` is what answers at that URL."""
    path = shutil.copy(migrated_sqlite, folder / "served.db")
    with closing(Database(f"sqlite:///{path}")) as db:
        service = Service(db)
        with make_server(LOOPBACK, 0, lambda _environ, _start: [], _Server, _Quiet) as server:
            url = f"http://{LOOPBACK}:{server.server_port}"
            server.set_app(make_app(service, url))
            thread = Thread(target=server.serve_forever)
            thread.start()
            yield url, service
            server.shutdown()
            thread.join()
