"""The baselines that are processes: started beside the service, with the options of its own processes."""

import shlex
import socket

from celery import Celery

from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.stack import READY_SECONDS, Stack
from otp_worker.service.http_server import WEB

POST_QUEUE = "baseline.worker"
POST_TASK = "baseline.post"
POSTER = "baseline-worker"
INTAKE = "baseline-intake"
_HOSTNAME = "baseline"
_PING_SECONDS = 0.5


def start_intake(stack: Stack) -> int:
    """Start the bare WSGI function on the intake's server, with its options; the port it listens on."""
    port = free_ports(None)[0]
    command = WEB.command(LOOPBACK, port, "otp_worker.devtools.bench.baseline_intake:app")
    stack.fleet.start(INTAKE, f"exec {shlex.join(command)}", stack.settings)
    stack.fleet.await_ready(INTAKE, lambda: _is_up(port), READY_SECONDS)
    return port


def start_poster(stack: Stack) -> Celery:
    """Start the bare worker with the options of the service's, unless it runs; the app to publish with."""
    app = Celery("baseline", broker=stack.broker.url, set_as_current=False)
    if POSTER not in stack.fleet:
        command = (
            stack.lines["worker"]
            .replace("otp_worker.service.worker", "otp_worker.devtools.bench.baseline_worker")
            .replace("deliver@", _HOSTNAME + "@")
            .replace("otp.deliver", POST_QUEUE)
        )
        stack.fleet.start(POSTER, command, stack.settings)
        stack.fleet.await_ready(POSTER, lambda: _works(app), READY_SECONDS)
    return app


def publish_posts(app: Celery, url: str, count: int) -> None:
    """Put that many messages for the gateway at ``url`` on the bare worker's queue."""
    for number in range(count):
        message = {"to": f"+447400{number:06d}", "text": "Your code is 123456.", "ref": f"baseline-{number}"}
        app.send_task(POST_TASK, args=[url, message], queue=POST_QUEUE)


def _works(app: Celery) -> bool:
    # The service's own workers are at the same broker, and answer too.
    answered = app.control.ping(timeout=_PING_SECONDS)
    return any(name.startswith(_HOSTNAME) for answer in answered for name in answer)


def _is_up(port: int) -> bool:
    # Not asked anything: it would put one more message on its queue.
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
