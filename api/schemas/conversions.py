"""Conversion: what may be asked of it, and how it is shown."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from otp_worker.domain.app import App, KeyScope
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.sent_codes import Dimension, SentCodes
from otp_worker.operations.conversions import DEFAULT_LIMIT, MOST, Group, Question, Report

from .references import Printable
from .trail import Instant

_OPERATORS = (Dimension.APP, Dimension.SIM)
"""What only the operator may tell apart: an app is told nothing of other apps and of SIMs."""


def _dimension(value: Any) -> Dimension:
    if isinstance(value, str) and value in list(Dimension):
        return Dimension(value)
    raise ValueError(f"give one of {', '.join(Dimension)}")


By = Annotated[Dimension, BeforeValidator(_dimension)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$", to_upper=True)]
Name = Annotated[str, Printable, StringConstraints(min_length=1, max_length=64)]


class ConversionsQuery(BaseModel):
    """Which codes are looked at, and what they are told apart by."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    by: By = Field(Dimension.COUNTRY, description="What to tell apart; `app` and `sim` are the operator's.")
    since: Instant | None = Field(
        None,
        description="From the hour of this instant on; a day ago without it. What is older than 8 days is "
        "kept by the day (UTC), for 400 days.",
        examples=["2026-03-01T00:00:00Z"],
    )
    until: Instant | None = Field(
        None,
        description="To the end of this instant's hour; now without it.",
        examples=["2026-03-02T00:00:00Z"],
    )
    country: Country | None = Field(None, description="Only codes to this country.", examples=["GB"])
    template: Name | None = Field(None, description="Only codes by this template.", examples=["default"])
    app: Name | None = Field(None, description="Only codes of this app; the operator's.", examples=["shop"])
    sim: Name | None = Field(None, description="Only codes by this SIM; the operator's.", examples=["gb1"])
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MOST, description="How many groups, at most.")

    def question(self, app: App) -> Question:
        """What an app, or the operator, asks. Raises InvalidFieldError, for what an app may not too."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InvalidFieldError("since", "is not before until; swap the two")
        whose = self.app
        if KeyScope.ADMIN not in app.scopes:
            self._refuse_operators(app)
            whose = app.name
        return Question(
            by=self.by,
            since=self.since,
            until=self.until,
            app=whose,
            country=self.country,
            template=self.template,
            sim=self.sim,
            limit=self.limit,
        )

    def _refuse_operators(self, app: App) -> None:
        needs = "needs a key with the scope admin"
        if self.by in _OPERATORS:
            raise InvalidFieldError("by", f"{self.by} {needs}")
        if self.sim is not None:
            raise InvalidFieldError("sim", needs)
        if self.app not in (None, app.name):
            raise InvalidFieldError("app", f"of another app {needs}")


class CodesBody(BaseModel):
    """How many codes were sent, arrived and were entered."""

    sent: int = Field(description="Codes that a gateway took, once each.", examples=[200])
    delivered: int = Field(description="Of these, with a receipt while the code lived.", examples=[188])
    approved: int = Field(description="Of these, entered.", examples=[170])
    delivered_share: float | None = Field(description="Of those sent; null without any.", examples=[0.94])
    approved_share: float | None = Field(
        description="The conversion: of those sent; null without any.", examples=[0.85]
    )


class GroupBody(CodesBody):
    """The codes of one value of `by`."""

    value: str | None = Field(
        description="The country, template, app or SIM; the name of a block; the beginning of an hour or "
        "day. Null for codes without it.",
        examples=["GB"],
    )
    country: str | None = Field(description="Of a block.", examples=[None])
    label: str | None = Field(
        description="How the numbers of a block begin, where the pumping guard had to look at it.",
        examples=[None],
    )

    @classmethod
    def of(cls, group: Group) -> "GroupBody":
        """A group as the API shows it."""
        return cls(
            value=f"{group.value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(group.value, datetime) else group.value,
            country=group.country,
            label=group.label,
            **_figures(group.codes),
        )


class ConversionsBody(BaseModel):
    """What became of the codes of a window of whole hours or days."""

    by: Dimension
    since: datetime
    until: datetime
    settled_until: datetime = Field(
        description="Codes that were asked for later may still arrive and be entered."
    )
    total: CodesBody
    groups: list[GroupBody] = Field(description="Those with most codes first; hours and days by time.")
    more: bool = Field(description="Whether there are more groups than `limit`.")

    @classmethod
    def of(cls, report: Report) -> "ConversionsBody":
        """A report as the API shows it."""
        return cls(
            by=report.by,
            since=report.since,
            until=report.until,
            settled_until=report.settled_until,
            total=CodesBody(**_figures(report.total)),
            groups=[GroupBody.of(each) for each in report.groups],
            more=report.more,
        )


def _figures(codes: SentCodes) -> dict[str, Any]:
    return {
        "sent": codes.sent,
        "delivered": codes.delivered,
        "approved": codes.approved,
        "delivered_share": _rounded(codes.delivered_share),
        "approved_share": _rounded(codes.approved_share),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
