"""Where the processes of a service of our own listen."""

from otp_worker.devtools.processes.ports import LOOPBACK


class Addresses:
    """The URLs of a service whose processes get ``settings`` as their environment."""

    settings: dict[str, str]

    @property
    def url(self) -> str:
        """Where intake listens."""
        return f"http://{LOOPBACK}:{self.settings['PORT']}"

    @property
    def flower_url(self) -> str:
        """Where Flower listens."""
        return f"http://{LOOPBACK}:{self.settings['FLOWER_PORT']}"

    @property
    def console_url(self) -> str:
        """Where the console listens."""
        return f"http://{LOOPBACK}:{self.settings['CONSOLE_PORT']}"
