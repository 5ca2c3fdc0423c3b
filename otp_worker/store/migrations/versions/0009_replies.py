"""What replies do: opt-outs, reports that lock a number, tokens that approve, and each reply's meaning."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("number_masked", sa.String(length=24), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number_hash", name=op.f("pk_opt_outs")),
    )
    op.add_column("number_guards", sa.Column("reported_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("verifications", sa.Column("token_hash", sa.LargeBinary(length=32), nullable=True))
    op.create_index(
        "ix_verifications_token_hash",
        "verifications",
        ["token_hash"],
        unique=False,
        sqlite_where=sa.text("token_hash IS NOT NULL"),
        postgresql_where=sa.text("token_hash IS NOT NULL"),
    )
    op.add_column(
        "replies", sa.Column("meaning", sa.String(length=8), nullable=False, server_default="other")
    )
