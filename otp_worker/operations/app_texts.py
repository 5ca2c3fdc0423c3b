"""Whether what an app has set leaves room for the SMS that it will be in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from otp_worker.domain.app_settings import AppSettings
from otp_worker.domain.errors import InvalidFieldsError
from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.texts.choice import LONGEST_CODE, LONGEST_LIVES_SECONDS, Languages
from otp_worker.domain.texts.compose import compose, keeps_lines
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.links import holds_link
from otp_worker.domain.texts.template import Template
from otp_worker.domain.texts.template_checks import size_problem
from otp_worker.store.template_rows import StoredTemplate

SEEN_IN_TEXTS = ("shown_name", "web_origin", "android_hashes")
"""The settings that an SMS shows."""
_EXAMPLE_CODE = "123456"


@dataclass(frozen=True, slots=True)
class OperatorsTexts:
    """The operator's languages, and templates by their names."""

    languages: Languages = field(default_factory=Languages)
    templates: Mapping[str, str] = field(default_factory=dict)

    def content(self, app: str, settings: AppSettings) -> Content:
        """What the longest SMS of an app is about."""
        return settings.content(app, LONGEST_CODE, LONGEST_LIVES_SECONDS[0])

    def refuse_unfit(
        self, app: str, settings: AppSettings, changed: Mapping[str, object], own: Sequence[StoredTemplate]
    ) -> None:
        """Raise InvalidFieldsError unless the SMS of an app have room for what it has set.

        ``changed`` are the settings that are set now, and ``own`` the app's templates.
        """
        named = [name for name in SEEN_IN_TEXTS if changed.get(name) is not None]
        problem = self.problem(app, settings, own) if named else None
        if problem is not None:
            raise InvalidFieldsError([(name, problem) for name in named])

    def problem(self, app: str, settings: AppSettings, own: Sequence[StoredTemplate]) -> str | None:
        """Why the SMS of an app have no room for what it has set; None where they have."""
        return next(self._problems(self.content(app, settings), settings, own), None)

    def _problems(
        self, content: Content, settings: AppSettings, own: Sequence[StoredTemplate]
    ) -> Iterator[str]:
        tags = self.languages.usable
        if settings.default_locale is not None:
            tags |= {self.languages.choose(None, None, settings.default_locale)}
        for tag in sorted(tags):
            if not keeps_lines(self.languages, content, tag, None):
                yield f"the lines that fill the code in leave no room for it in {tag!r}"
        for name, text in self.templates.items():
            for tag, seconds in product(sorted(self.languages.usable), LONGEST_LIVES_SECONDS):
                filled = self.languages.filled(text, content.code, seconds, tag, content.name)
                if holds_link(filled):
                    yield f"the operator's template {name!r} makes a link of it"
                if not content.autofill.fits(content.autofill.appended(filled, content.code)):
                    yield f"the operator's template {name!r} has no room for it in {tag!r}"
        for name, template in [(each.name, each.template) for each in own if each.template is not None]:
            for tag in template.texts:
                problem = size_problem(template, tag, self.languages, content)
                if problem is not None:
                    yield f"the app's template {name!r} has no room for it; in {tag!r}: {problem}"

    def shown(self, app: str, settings: AppSettings, template: Template, tag: str) -> dict[str, object]:
        """What people are sent in a language, with the longest values of the template's own fields."""
        values = {name: "x" * most for name, most in template.fields.items()}
        content = settings.content(app, _EXAMPLE_CODE, 300, values)
        text = compose(self.languages, content, tag, template)
        return described(tag, text)


def described(tag: str, text: str) -> dict[str, object]:
    """A text with its language, alphabet and size."""
    size = size_of(text)
    return {
        "locale": tag,
        "alphabet": size.alphabet.value,
        "characters": size.units,
        "segments": size.segments,
        "text": text,
    }
