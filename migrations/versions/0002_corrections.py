"""what operators corrected in a ticket's classification"""

import sqlalchemy as sa
from alembic import op

from common.db import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=True),
        sa.Column("category_before", sa.String(length=16), nullable=False),
        sa.Column("type_before", sa.String(length=48), nullable=True),
        sa.Column("urgent_before", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("type", sa.String(length=48), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_ticket_correction_at"), "ticket_correction", ["at"])
    op.create_index(op.f("ix_ticket_correction_ticket_id"), "ticket_correction", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("ticket_correction")
