"""Templates of apps, and which version of one a verification is written with."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "app_templates",
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("app", "name", "version", name=op.f("pk_app_templates")),
    )
    op.add_column("apps", sa.Column("templates", sa.Text(), nullable=True))
    op.add_column("verifications", sa.Column("template_version", sa.Integer(), nullable=True))
    op.add_column("verifications", sa.Column("template_fields", sa.Text(), nullable=True))
    op.add_column("verifications", sa.Column("android_hash", sa.String(length=11), nullable=True))
