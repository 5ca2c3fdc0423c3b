"""What a code is asked for, and by what its app finds it again."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verifications", sa.Column("purpose", sa.String(length=32), nullable=True))
    op.add_column("verifications", sa.Column("client_reference", sa.String(length=128), nullable=True))
    op.add_column("verifications", sa.Column("tags", sa.Text(), nullable=True))
    op.create_table(
        "verification_tags",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name=op.f("fk_verification_tags_verification_id_verifications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verification_id", "name", name=op.f("pk_verification_tags")),
    )
    create_index("ix_verification_tags_value", "verification_tags", ["value", "name", "verification_id"])
    create_index(
        "ix_verifications_purpose",
        "verifications",
        ["purpose", "app", "created_at", "id"],
        where="purpose IS NOT NULL",
    )
    create_index(
        "ix_verifications_client_reference",
        "verifications",
        ["client_reference", "created_at", "id"],
        where="client_reference IS NOT NULL",
    )
