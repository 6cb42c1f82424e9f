"""Results, arrays, history, models."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "results",
        sa.Column("project", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("panel", sa.String(64)),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["project", "panel"], ["results.project", "results.key"], ondelete="CASCADE"),
    )
    op.create_index("ix_results_panel", "results", ["project", "panel"])
    op.create_table(
        "arrays",
        sa.Column("project", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["project", "key"], ["results.project", "results.key"], ondelete="CASCADE"),
    )
    op.create_index("ix_arrays_digest", "arrays", ["digest"])
    op.create_table(
        "history",
        sa.Column("id", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_pair", sa.Text()),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("method", sa.String(200)),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("project", "key", name="uq_history_key"),
        sa.ForeignKeyConstraint(["project", "key"], ["results.project", "results.key"], ondelete="CASCADE"),
    )
    op.create_index("ix_history_created", "history", ["project", "created", "id"])
    op.create_table(
        "models",
        sa.Column("path", sa.String(4096), primary_key=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    for table in ("models", "history", "arrays", "results"):
        op.drop_table(table)
