"""Why an installation failed, in one plain sentence."""

import re

_NETWORK = r"(?:NewConnection|ConnectTimeout|ReadTimeout|MaxRetry|NameResolution|Proxy|Connection)Error"
_REASONS = (
    (r"No space left on device", "the disk is full"),
    (r"DO NOT MATCH THE HASHES", "a package is not the one that the lock names, so it was not installed"),
    (r"SSLError|CERTIFICATE_VERIFY_FAILED", "the package index has a certificate that is not trusted here"),
    (rf"{_NETWORK}|Connection refused|timed out", "the package index cannot be reached from here"),
    (r"No matching distribution found for (\S+)", r"there is no \1 for this machine and this Python"),
    (r"Permission denied: (\S+)", r"\1 may not be written"),
    (r"\bERROR: (.+?)\.?$", r"\1"),
)
"""What pip writes, the first that is found in it, and what it means."""


def reason(log: str) -> str:
    """What that log of pip says went wrong, without a full stop."""
    for pattern, meaning in _REASONS:
        if found := re.search(pattern, log, re.MULTILINE):
            return found.expand(meaning)
    lines = log.split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return last.removesuffix(".")
