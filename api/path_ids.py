"""Ids in paths: what can be one, before a database is asked."""

import re

import structlog

from otp_worker.domain.errors import NotFoundError

_ID = re.compile(r"ver_[0-9A-Z]{26}")


def valid_id(verification_id: str) -> str:
    """The id, if it can be one: Postgres does not take every text in a query, NUL for one.

    What is logged of the request from here on names it. Raises NotFoundError.
    """
    if not _ID.fullmatch(verification_id):
        raise NotFoundError("there is no such verification")
    structlog.contextvars.bind_contextvars(verification=verification_id)
    return verification_id
