"""A start that cannot succeed ends in one sentence, and not in a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from otp_worker.domain.errors import ConfigurationError, DatabaseUnavailableError, SchemaNotCurrentError


@contextmanager
def refused_in_a_sentence() -> Iterator[None]:
    """End the process with the sentence of what its operator has to mend, if the block meets that."""
    try:
        yield
    except (ConfigurationError, SchemaNotCurrentError, DatabaseUnavailableError) as error:
        sys.exit(str(error))
