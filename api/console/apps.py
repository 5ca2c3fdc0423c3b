"""Apps: what is set for each alone, and setting it."""

from dataclasses import dataclass

import falcon

from otp_worker.domain.app import check_app_name
from otp_worker.domain.app_setting import Setting
from otp_worker.domain.app_settings import SETTINGS
from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.operations.apps import Apps
from otp_worker.operations.templates import AppTemplates
from otp_worker.store import audit
from otp_worker.store.apps import StoredApp

from .acts import Acts
from .confirmations import done
from .pages import Pages

NEW = "/new-app"
"""Where an app is made."""


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting of an app; ``value`` is None where the operator's holds."""

    name: str
    setting: Setting
    value: str | None


class AppsPage:
    """The apps, and the settings of one."""

    def __init__(self, pages: Pages, apps: Apps, templates: AppTemplates, acts: Acts) -> None:
        self._pages = pages
        self._apps = apps
        self._templates = templates
        self._acts = acts

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Every app."""
        found = [
            (each, [line for line in lines(each) if line.value is not None]) for each in self._apps.all()
        ]
        self._pages.show(req, resp, "apps.html", apps=found)

    on_head = on_get

    def on_get_new(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Ask what a new app is called; after one that could not be made, say why."""
        said = audit.of_login(self._apps.db, req.get_param("done"), req.context.session.login)
        self._pages.show(req, resp, "app_new.html", said=said)

    on_head_new = on_get_new

    def on_post_new(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make it."""
        name = req.context.form.get("name", "").strip()
        made: list[str] = []

        def act() -> str:
            made.append(self._apps.create(name, {}).name)
            return "It is made."

        # What is no name of an app may be anything, and is not written down.
        entry_id = self._acts.perform(req.context.session.login, "make an app", plain_name(name), act)
        done(resp, f"/apps/{made[0]}" if made else NEW, entry_id)

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Every setting of an app, and what came of the act that led here."""
        found = self._apps.find(name)
        said = audit.of_login(self._apps.db, req.get_param("done"), req.context.session.login)
        templates = self._templates.all(found.name)
        self._pages.show(req, resp, "app.html", app=found, lines=lines(found), templates=templates, said=said)

    on_head_one = on_get_one

    def on_get_setting(self, req: falcon.Request, resp: falcon.Response, name: str, setting: str) -> None:
        """Ask what it is to be."""
        found = self._apps.find(name)
        self._pages.show(req, resp, "app_setting.html", app=found, line=_line(found, setting))

    on_head_setting = on_get_setting

    def on_post_setting(self, req: falcon.Request, resp: falcon.Response, name: str, setting: str) -> None:
        """Set it; without a value the operator's holds again."""
        found = self._apps.find(name)
        line = _line(found, setting)
        text = req.context.form.get("value", "").strip()
        value = line.setting.of_text(text) if text else None

        def act() -> str:
            self._apps.change(found.name, {line.name: value})
            return f"{line.setting.title} is {f'{text} now' if text else 'as for all again'}."

        login = req.context.session.login
        done(resp, f"/apps/{found.name}", self._acts.perform(login, f"set {line.name}", found.name, act))


def plain_name(name: str) -> str:
    """The name, if an app can be called so."""
    try:
        check_app_name(name)
    except InvalidFieldError:
        return "-"
    return name


def lines(app: StoredApp) -> list[SettingLine]:
    """Every setting of an app, in the order in which they are shown."""
    return [_line(app, name) for name in SETTINGS]


def _line(app: StoredApp, name: str) -> SettingLine:
    setting = SETTINGS.get(name)
    if setting is None:
        raise NotFoundError("there is no such setting")
    value = getattr(app.settings, name)
    return SettingLine(name, setting, None if value is None else setting.text_of(value))
