"""The workbench: columns of a run, slices, marks, and data sets that were made of others."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dataset_columns",
        sa.Column("run", COUNTER, sa.ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "dataset_studies",
        sa.Column("run", COUNTER, sa.ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "dataset_slices",
        sa.Column("dataset", COUNTER, sa.ForeignKey("datasets.serial", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.String(16), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "dataset_marks",
        sa.Column("serial", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("dataset", COUNTER, sa.ForeignKey("datasets.serial", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_dataset_marks_row", "dataset_marks", ["dataset", "number", "serial"])
    op.add_column("datasets", sa.Column("origin", sa.String(64)))


def downgrade() -> None:
    op.drop_column("datasets", "origin")
    for name in ("dataset_marks", "dataset_slices", "dataset_studies", "dataset_columns"):
        op.drop_table(name)
