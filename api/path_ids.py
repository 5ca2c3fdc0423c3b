"""Ids in paths: what can be one, before a database is asked."""

import re

import structlog

from otp_worker.domain.errors import NotFoundError

_ID = re.compile(r"ver_[0-9A-Z]{26}")
_MESSAGE_ID = re.compile(r"msg_[0-9A-Z]{26}")


def valid_id(verification_id: str) -> str:
    """The id, if it can be one: Postgres does not take every text in a query, NUL for one.

    What is logged of the request from here on names it. Raises NotFoundError.
    """
    if not _ID.fullmatch(verification_id):
        raise NotFoundError("there is no such verification")
    structlog.contextvars.bind_contextvars(verification=verification_id)
    return verification_id


def valid_message_id(message_id: str) -> str:
    """The same for the id of a message. Raises NotFoundError."""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise NotFoundError("there is no such message")
    structlog.contextvars.bind_contextvars(message=message_id)
    return message_id
