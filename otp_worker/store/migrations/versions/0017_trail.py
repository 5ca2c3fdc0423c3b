"""Looking for a verification: by app, user and status, newest first, and by the request that asked for it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verifications", sa.Column("request_id", sa.String(length=64), nullable=True))
    op.create_index("ix_verifications_app", "verifications", ["app", "created_at", "id"], unique=False)
    op.create_index(
        "ix_verifications_user",
        "verifications",
        ["user", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text('"user" IS NOT NULL'),
        postgresql_where=sa.text('"user" IS NOT NULL'),
    )
    for name, columns in (
        ("ix_verifications_status", ["status", "created_at", "id"]),
        ("ix_verifications_status_app", ["status", "app", "created_at", "id"]),
    ):
        op.create_index(
            name,
            "verifications",
            columns,
            unique=False,
            sqlite_where=sa.text("ended_at IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NOT NULL"),
        )
    op.create_index(
        "ix_verifications_request_id",
        "verifications",
        ["request_id"],
        unique=False,
        sqlite_where=sa.text("request_id IS NOT NULL"),
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )
