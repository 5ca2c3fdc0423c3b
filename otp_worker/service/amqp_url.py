"""A RabbitMQ cluster: ``amqp://user:password@host1:5672//;amqp://host2:5672;amqp://host3:5672``.

What user, password and virtual host the first part has, each part that names none has too; options stand at
the end. kombu goes from one to the next when it cannot connect.
"""

from urllib.parse import SplitResult, urlsplit

SCHEMES = ("amqp://", "amqps://")


def expand_amqp(url: str) -> str:
    """The URL with each part whole, as kombu reads it.

    Raises ValueError with the fix; no password is in it.
    """
    whole, mark, query = url.partition("?")
    first, *others = whole.split(";")
    if not others:
        return url
    pattern = urlsplit(first)
    parts = [first, *(_completed(other, pattern) for other in others)]
    return ";".join(f"{part}{mark}{query}" for part in parts)


def _completed(url: str, pattern: SplitResult) -> str:
    parts = urlsplit(url)
    if parts.scheme != pattern.scheme:
        raise ValueError(f"each part begins with {pattern.scheme}://")
    login, at, _ = pattern.netloc.rpartition("@")
    netloc = parts.netloc if "@" in parts.netloc else f"{login}{at}{parts.netloc}"
    if not netloc.rpartition("@")[2]:
        raise ValueError("a part has no host")
    return f"{parts.scheme}://{netloc}{parts.path or pattern.path}"
