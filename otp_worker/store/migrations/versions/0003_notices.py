"""Notices: what support and operators are told of, on any channel; replies lose the columns of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("reply_id", sa.String(length=40), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["replies.id"], name=op.f("fk_notices_reply_id_replies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    # What was on its way to support stays on its way.
    op.execute(
        "INSERT INTO notices (id, channel, type, reply_id, data, created_at, due_at, attempts, told_at) "
        "SELECT id, 'webhook', 'reply.received', id, '{}', created_at, forward_due_at, forward_attempts, "
        "forwarded_at FROM replies WHERE forward_due_at IS NOT NULL OR forwarded_at IS NOT NULL"
    )
    op.create_index("ix_notices_created_at", "notices", ["created_at"], unique=False)
    op.create_index("ix_notices_reply_id", "notices", ["reply_id"], unique=False)
    op.create_index(
        "ix_notices_due_at", "notices", ["due_at"], unique=False, sqlite_where=DUE, postgresql_where=DUE
    )
    op.drop_index("ix_replies_forward_due_at", table_name="replies")
    for column in ("forward_due_at", "forward_attempts", "forwarded_at"):
        op.drop_column("replies", column)
