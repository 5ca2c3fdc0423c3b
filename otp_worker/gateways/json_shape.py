"""JSON as an operator describes it: a template that becomes a request, and a path into what comes back."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from otp_worker.gateways.parsing import clean

_PLACEHOLDER = re.compile(r"{([^{}]*)}")

Filling = str | int | None


def placeholders(template: JsonValue) -> set[str]:
    """The names in braces in all of the template's texts."""
    match template:
        case str():
            return set(_PLACEHOLDER.findall(template))
        case list():
            return set().union(*map(placeholders, template))
        case dict():
            return set().union(*map(placeholders, template.values()))
    return set()


def filled(template: JsonValue, fillings: Mapping[str, Filling]) -> JsonValue:
    """The template with its placeholders filled; one that is a whole text keeps the kind of its filling.

    Whatever holds a placeholder without a filling (None) is left out.
    """
    match template:
        case str():
            return _filled_text(template, fillings)
        case list():
            return [part for each in template if (part := filled(each, fillings)) is not None]
        case dict():
            parts = {name: filled(each, fillings) for name, each in template.items()}
            return {name: part for name, part in parts.items() if part is not None}
    return template


def _filled_text(template: str, fillings: Mapping[str, Filling]) -> Filling:
    if whole := _PLACEHOLDER.fullmatch(template):
        return fillings[whole[1]]
    if any(fillings[name] is None for name in _PLACEHOLDER.findall(template)):
        return None
    # One pass, so that a text which itself has braces in it is nothing but a text.
    return _PLACEHOLDER.sub(lambda found: str(fillings[found[1]]), template)


def found(value: object, path: str | None) -> object:
    """What stands at a dotted path, in which a number counts into a list from 0; None where nothing does."""
    if path is None:
        return None
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step in map(str, range(len(value))):
            value = value[int(step)]
        else:
            return None
    return value


def word(value: object) -> str | None:
    """A text or a whole number as a text that any database takes; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean(value)
