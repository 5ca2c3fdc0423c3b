"""What a form says."""

from urllib.parse import parse_qsl

import falcon

from .request_body import read_raw

MAX_FORM_BYTES = 4096
_MOST_FIELDS = 10
TYPE = "application/x-www-form-urlencoded"


def read_form(req: falcon.Request) -> dict[str, str]:
    """The fields of a posted form, each once.

    Raises BodyTooLargeError, SlowBodiesError, and HTTPBadRequest for what is no form.
    """
    if (req.content_type or "").partition(";")[0].strip().lower() != TYPE:
        raise falcon.HTTPBadRequest(description="this is no form")
    try:
        text = read_raw(req, MAX_FORM_BYTES).decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise falcon.HTTPBadRequest(description="this form cannot be read") from None
    return dict(pairs)
