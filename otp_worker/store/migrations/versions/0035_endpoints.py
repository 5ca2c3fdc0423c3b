"""Endpoints of apps, and the events on their way to them."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _endpoints()
    _events()
    create_index("ix_endpoints_app", "endpoints", ["app"])
    events = "endpoint_events"
    create_index("ix_endpoint_events_verification_id", events, ["verification_id"])
    create_index("ix_endpoint_events_newest", events, ["endpoint_id", "id"])
    create_index("ix_endpoint_events_waiting", events, ["endpoint_id", "id"], where="due_at IS NOT NULL")
    create_index("ix_endpoint_events_tests", events, ["at"], where="verification_id IS NULL")


def _endpoints() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "endpoints",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=512), nullable=False),
        sa.Column("events", sa.Text(), nullable=True),
        sa.Column("clear_numbers", sa.Boolean(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("secret_key_id", sa.String(length=16), nullable=False),
        sa.Column("previous_secret_until", instant, nullable=True),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("events_from", instant, nullable=False),
        sa.Column("disabled_at", instant, nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", instant, nullable=True),
        sa.Column("told_at", instant, nullable=True),
        sa.Column("retry_at", instant, nullable=True),
        sa.Column("lease_until", instant, nullable=True),
        sa.Column("replay_since", instant, nullable=True),
        sa.Column("replayed_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
    )


def _events() -> None:
    op.create_table(
        "endpoint_events",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("endpoint_id", sa.String(length=40), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("verification_id", sa.String(length=40), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoints.id"],
            name=op.f("fk_endpoint_events_endpoint_id_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name=op.f("fk_endpoint_events_verification_id_verifications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint_events")),
        sa.UniqueConstraint("endpoint_id", "step_id", name=op.f("uq_endpoint_events_endpoint_id_step_id")),
    )
