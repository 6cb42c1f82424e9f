"""Data sets: files, rows, and what models say of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("serial", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form", sa.String(16), nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("asked", sa.Text()),
        sa.Column("described", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(64)),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("project", "id", name="uq_datasets_id"),
    )
    op.create_index("ix_datasets_created", "datasets", ["project", "created", "serial"])
    op.create_index("ix_datasets_file", "datasets", ["file"])
    op.create_table(
        "dataset_files",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "dataset_rows",
        sa.Column("dataset", COUNTER, sa.ForeignKey("datasets.serial", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_pair", sa.Text()),
        sa.Column("label", sa.Text()),
        sa.Column("groups", sa.Text()),
    )
    _runs()


def _runs() -> None:
    op.create_table(
        "dataset_runs",
        sa.Column("serial", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("dataset", COUNTER, sa.ForeignKey("datasets.serial", ondelete="CASCADE"), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(128), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("job", sa.String(64)),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("explained", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text()),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("dataset", "model", "digest", name="uq_dataset_runs_model"),
    )
    op.create_table(
        "dataset_strata",
        sa.Column("run", COUNTER, sa.ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("label", sa.Text()),
        sa.Column("predicted", sa.Text()),
        sa.Column("badge", sa.String(16)),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
    )
    op.create_table(
        "dataset_facts",
        sa.Column("run", COUNTER, sa.ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sqlite_with_rowid=False,
    )
    for name, columns in (
        ("ix_dataset_facts_probability", ["run", "probability", "number", "stratum"]),
        ("ix_dataset_facts_stratum", ["run", "stratum", "number", "probability"]),
        ("ix_dataset_facts_stratum_probability", ["run", "stratum", "probability", "number"]),
    ):
        op.create_index(name, "dataset_facts", columns)
    op.create_table(
        "dataset_explained",
        sa.Column("run", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("badge", sa.String(16)),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run", "number"], ["dataset_facts.run", "dataset_facts.number"], ondelete="CASCADE"),
    )


def downgrade() -> None:
    for name in ("explained", "facts", "strata", "runs", "rows", "files"):
        op.drop_table(f"dataset_{name}")
    op.drop_table("datasets")
