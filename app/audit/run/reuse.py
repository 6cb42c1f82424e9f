"""Work that an audit after a review takes over from the one before: the model's answers depend on no decision."""

from __future__ import annotations

import json
from functools import partial

from ...jobs.runner.work import Work
from ...store import jobs
from ...store.tables import Job
from ..data.plan import Plan


def earlier(work: Work, *, digest: str) -> str | None:
    """The job of the report that the plan follows, if its steps were the same; digest: of the model as it is now."""
    plan: Plan = work.request
    if not plan.follows:
        return None
    made = f'"sha256": "{plan.follows}"'
    found = work.store.query(partial(jobs.holding, project=work.project, kind="audit", result=made))
    return next((job.id for job in found if _same(job, plan) and _digest(work, job.id) == digest), None)


def step(work: Work, job: str, shard: int) -> bytes | None:
    """The stored result of a step of the earlier job."""
    return work.store.query(partial(jobs.shard_body, job=job, shard=shard))


def _same(job: Job, plan: Plan) -> bool:
    return Plan.model_validate_json(job.request).unreviewed == plan.unreviewed


def _digest(work: Work, job: str) -> str | None:
    report = b"".join(work.kept("report.json", job=job))
    return str(json.loads(report)["content"]["model"]["digest"]) if report else None
