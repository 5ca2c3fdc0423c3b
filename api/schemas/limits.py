"""The limits that a send counts toward: buckets of the app's own, and what is left."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from otp_worker.domain.app_setting_values import MOST_BUCKETS, PURPOSE
from otp_worker.domain.limits import Limit, Remaining

LONGEST_VALUE = 256


def _values(value: Any) -> Any:
    is_whole = isinstance(value, dict) and len(value) <= MOST_BUCKETS and all(map(_fits, value.items()))
    if value is None or is_whole:
        return value
    raise ValueError(
        f"give the names of up to {MOST_BUCKETS} buckets, each with a printable text of 1 to "
        f"{LONGEST_VALUE} characters"
    )


def _fits(item: tuple[Any, Any]) -> bool:
    name, value = item
    if not isinstance(value, str) or not PURPOSE.fullmatch(name):
        return False
    return 0 < len(value) <= LONGEST_VALUE and value.isprintable()


Values = Annotated[dict[str, str], BeforeValidator(_values), Field(max_length=MOST_BUCKETS)]


class GivenBuckets(BaseModel):
    """What a send is counted for beside the operator's limits."""

    limits: Values | None = Field(
        None,
        description="Values to be counted in your app's own buckets, by their names. Of a value a keyed hash "
        "alone is kept.",
        examples=[{"device": "a1b2c3"}],
    )


class LeftBody(BaseModel):
    """What one limit leaves in one of its windows."""

    limit: Limit
    window_seconds: int
    left: int
    bucket: str | None = Field(None, description="Which one, of the limit bucket.", examples=["device"])

    @classmethod
    def of(cls, left: Remaining) -> "LeftBody":
        """What is left as the API shows it."""
        return cls(limit=left.limit, window_seconds=left.seconds, left=left.left, bucket=left.bucket or None)
