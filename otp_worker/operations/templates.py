"""The templates of an app, by command, by the API and in the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from otp_worker.domain.app_settings import AppSettings
from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.domain.policy import DEFAULT_TEMPLATE
from otp_worker.domain.ports import Clock
from otp_worker.domain.texts.template import Template
from otp_worker.domain.texts.template_checks import TEMPLATE_NAME, check_app_template
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.operations.apps import no_such_app
from otp_worker.store import apps, templates
from otp_worker.store.database import Database
from otp_worker.store.template_rows import StoredTemplate

MOST_TEMPLATES = 50
MOST_VERSIONS = 2**31 - 1
"""What the database can count to."""


@dataclass(frozen=True, slots=True)
class ShownTemplate:
    """One version of a template, and what people are sent in each of its languages."""

    name: str
    version: int
    in_use: bool
    template: Template
    texts: Sequence[dict[str, object]]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AppTemplates:
    """The templates of the apps; ``texts`` are the operator's, which an app's own go before."""

    db: Database
    clock: Clock
    texts: OperatorsTexts

    def owners(self) -> list[apps.StoredApp]:
        """Every app that may have some."""
        return apps.list_apps(self.db, self.clock())

    def all(self, app: str) -> list[ShownTemplate]:
        """The templates that an app has in use, by name. Raises NotFoundError."""
        settings = self._settings(app)
        found = templates.templates_of(self.db, app)
        return [self._shown(each, each.template, settings) for each in found if each.template is not None]

    def find(self, app: str, name: str, version: int | None = None) -> ShownTemplate:
        """A template in use, or one version of it whether in use or not. Raises NotFoundError."""
        settings = self._settings(app)
        in_use = self._found(app).templates.get(name)
        wanted = in_use if version is None else version
        if wanted is None or not 0 < wanted <= MOST_VERSIONS or not TEMPLATE_NAME.fullmatch(name):
            raise _no_such_template()
        found = templates.find_version(self.db, app, name, wanted)
        if found is None or found.template is None:
            raise _no_such_template()
        return self._shown(found, found.template, settings, in_use=wanted == in_use)

    def define(self, app: str, name: str, template: Template) -> ShownTemplate:
        """Take a template into use as its next version, unless it is in use as it is.

        Raises NotFoundError and InvalidFieldsError, and then nothing is changed.
        """
        if not TEMPLATE_NAME.fullmatch(name):
            raise InvalidFieldError("name", "give 1 to 64 letters, digits, dots, dashes or underscores")
        if name == DEFAULT_TEMPLATE and template.fields:
            raise InvalidFieldError(
                "fields", "default has none: a send that names no template gives no values"
            )
        settings = self._settings(app)

        def check(locked: AppSettings, in_use: Sequence[StoredTemplate]) -> None:
            nonlocal settings
            settings = locked
            if name not in {each.name for each in in_use} and len(in_use) >= MOST_TEMPLATES:
                raise InvalidFieldError("name", f"an app may have {MOST_TEMPLATES} templates; remove one")
            check_app_template(template, self.texts.languages, self.texts.content(app, settings))

        stored = templates.define(self.db, app, name, template, self.clock(), check)
        if stored is None:
            raise no_such_app()
        return self._shown(stored, template, settings)

    def remove(self, app: str, name: str) -> ShownTemplate:
        """Take a template out of use. Raises NotFoundError."""
        found = self.find(app, name)
        if templates.retire(self.db, app, name, self.clock()) is None:
            raise _no_such_template()
        return ShownTemplate(found.name, found.version, False, found.template, found.texts, found.created_at)

    def _settings(self, app: str) -> AppSettings:
        return self._found(app).settings

    def _found(self, app: str) -> apps.StoredApp:
        """The app. Raises NotFoundError."""
        found = apps.find_app(self.db, app, self.clock()) if app.isprintable() else None
        if found is None:
            raise no_such_app()
        return found

    def _shown(
        self, stored: StoredTemplate, template: Template, settings: AppSettings, *, in_use: bool = True
    ) -> ShownTemplate:
        texts = [self.texts.shown(stored.app, settings, template, tag) for tag in sorted(template.texts)]
        return ShownTemplate(stored.name, stored.version, in_use, template, texts, stored.created_at)


def _no_such_template() -> NotFoundError:
    return NotFoundError("this app has no such template")
