"""What an operator sets for one app alone, by command, by the API and in the console."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from otp_worker.domain.app import check_app_name
from otp_worker.domain.app_settings import SETTINGS, AppSettings, judged
from otp_worker.domain.errors import InvalidFieldError, InvalidFieldsError, NotFoundError
from otp_worker.domain.limits import LONGEST_DAYS
from otp_worker.domain.ports import Clock
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.store import apps
from otp_worker.store.apps import Check, StoredApp
from otp_worker.store.database import Database
from otp_worker.store.templates import templates_of


@dataclass(frozen=True, slots=True)
class Apps:
    """The apps of this service.

    Sends are kept for ``retention_days``: no app's limit may count older ones. ``texts`` are the operator's,
    which must have room for what an app has set.
    """

    db: Database
    clock: Clock
    retention_days: int = LONGEST_DAYS
    texts: OperatorsTexts = field(default_factory=OperatorsTexts)

    def all(self) -> list[StoredApp]:
        """Every app, by name."""
        return apps.list_apps(self.db, self.clock())

    def find(self, name: str) -> StoredApp:
        """One app. Raises NotFoundError."""
        # Postgres does not take every text in a query, NUL for one.
        found = apps.find_app(self.db, name, self.clock()) if name.isprintable() else None
        if found is None:
            raise no_such_app()
        return found

    def settings_of(self, app: str) -> AppSettings:
        """What is set for the app of a verification."""
        return apps.settings_of(self.db, app)

    def forgotten(self) -> list[tuple[StoredApp, str]]:
        """The limits and buckets of apps that count sends which are not kept for so long, as they are set."""
        return [
            (app, SETTINGS[name].text_of(value))
            for app in self.all()
            for name, value in (("limit", app.settings.limit), ("buckets", app.settings.buckets))
            if self._is_forgotten(name, value)
        ]

    def unfit(self) -> list[tuple[str, str]]:
        """The apps whose SMS have no room any more for what they have set, and why.

        It had room when it was set: the operator's texts, or their languages, were changed since.
        """
        problems = (
            (app.name, self.texts.problem(app.name, app.settings, templates_of(self.db, app.name)))
            for app in self.all()
        )
        return [(name, problem) for name, problem in problems if problem is not None]

    def create(self, name: str, settings: Mapping[str, object]) -> StoredApp:
        """A new app, before it has a key. Raises InvalidFieldsError."""
        check_app_name(name)
        given = judged(settings, self.retention_days)
        if not apps.insert_app(self.db, name, given, self.clock(), self._check(name, given)):
            raise InvalidFieldError("name", "there is an app of this name already; change that one")
        return self.find(name)

    def change(self, name: str, settings: Mapping[str, object]) -> StoredApp:
        """Set what is given; for what is None the operator's holds again.

        Raises NotFoundError and InvalidFieldsError, and then nothing is changed.
        """
        changes = judged(settings, self.retention_days)
        check = self._check(name, changes)
        if not name.isprintable() or not apps.change_settings(self.db, name, changes, self.clock(), check):
            raise no_such_app()
        return self.find(name)

    def _check(self, name: str, changes: Mapping[str, object]) -> Check:
        """Raises InvalidFieldsError unless the app's SMS have room for what is changed."""
        return lambda settings, own: self.texts.refuse_unfit(name, settings, changes, own)

    def _is_forgotten(self, name: str, value: object) -> bool:
        try:
            judged({name: value}, self.retention_days)
        except InvalidFieldsError:
            return True
        return False


def no_such_app() -> NotFoundError:
    """What is said of an app that there is not."""
    return NotFoundError("there is no such app; its first key makes it, or otp-worker apps create")
