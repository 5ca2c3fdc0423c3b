"""What a broker answered, as a log or an operator is told."""

MAX_LENGTH = 200


def broker_answer(error: BaseException) -> str:
    """The broker's own words: no password is in them, and no number or code, which it never gets."""
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {str(cause) or 'no answer in time'}"[:MAX_LENGTH]
