"""Apps: what holds for one alone; each name that keys have today is one."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "apps",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_apps")),
    )
    op.execute(
        "INSERT INTO apps (name, settings, created_at, updated_at) "
        "SELECT name, '{}', MIN(created_at), MIN(created_at) FROM api_keys GROUP BY name"
    )
