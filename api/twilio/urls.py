"""Where the answers' links lead: clients follow some of them as they stand."""

from dataclasses import dataclass

import falcon


@dataclass(frozen=True, slots=True)
class Urls:
    """Links as clients reach us: at ``public_url``, and where that is not known, as this client did."""

    public_url: str | None

    def of(self, req: falcon.Request, path: str) -> str:
        """The link to a path, beneath the prefix by which the request came."""
        return (
            f"{self.public_url.rstrip('/')}{req.root_path}{path}"
            if self.public_url
            else f"{req.prefix}{path}"
        )
