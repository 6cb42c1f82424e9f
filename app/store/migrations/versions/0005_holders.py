"""For whom a result is kept: it goes with the last of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ASKED = "INSERT INTO result_holders (project, key, holder) SELECT project, key, 'asked' FROM history"
EXPLAINED = """INSERT INTO result_holders (project, key, holder)
SELECT DISTINCT datasets.project, dataset_explained.key, 'dataset ' || CAST(datasets.serial AS VARCHAR(20))
FROM dataset_explained
JOIN dataset_runs ON dataset_runs.serial = dataset_explained.run
JOIN datasets ON datasets.serial = dataset_runs.dataset"""

# A job that is still to make an explanation was asked for by somebody.
UNDER_WAY = """INSERT INTO result_holders (project, key, holder)
SELECT project, {key}, 'asked' FROM jobs
WHERE kind = 'explanation' AND state IN ('queued', 'running') ON CONFLICT DO NOTHING"""
KEY = {"sqlite": "json_extract(request, '$.key')", "postgresql": "CAST(request AS json) ->> 'key'"}


def upgrade() -> None:
    op.create_table(
        "result_holders",
        sa.Column("project", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("holder", sa.String(80), primary_key=True),
    )
    op.create_index("ix_result_holders_holder", "result_holders", ["project", "holder"])
    op.execute(ASKED)
    op.execute(EXPLAINED)
    op.execute(UNDER_WAY.format(key=KEY[op.get_bind().dialect.name]))


def downgrade() -> None:
    op.drop_table("result_holders")
