"""Who sent a job, and how large it is: callers and projects have a bound on what they keep."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("caller", sa.String(200), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_jobs_caller", "jobs", ["project", "caller"])


def downgrade() -> None:
    op.drop_index("ix_jobs_caller", "jobs")
    op.drop_column("jobs", "bytes")
    op.drop_column("jobs", "caller")
