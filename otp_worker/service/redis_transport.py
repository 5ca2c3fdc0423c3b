"""kombu's Redis transports with one client a channel, where kombu makes a new one for each command.

A client of redis-py holds the pool of connections and tables of how answers are read. Making one costs more
than an acknowledgement, and each task needs several commands: taking it up, acknowledging it, telling Flower.
"""

from typing import Any

from kombu.transport.redis import Channel, SentinelChannel, SentinelTransport, Transport


class OneClientChannel(Channel):
    """Gives out the same client until its pool of connections is replaced."""

    _pooled_client: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        """A client over the pool; a client that waits for work is one of its own, as kombu keeps it."""
        if asynchronous:
            return super()._create_client(asynchronous=True)
        client = self._pooled_client
        if client is None or client.connection_pool is not self.pool:
            # Two threads may each make one: both are good, and the last one stays.
            client = self._pooled_client = super()._create_client()
        return client


class OneClientTransport(Transport):
    """Connects as kombu's, with channels that keep their client."""

    Channel = OneClientChannel


class OneClientSentinelChannel(OneClientChannel, SentinelChannel):
    """The same, with a pool that asks the Sentinels for the primary whenever it connects."""


class OneClientSentinelTransport(SentinelTransport):
    """The same for Redis behind Sentinels."""

    Channel = OneClientSentinelChannel
