"""A check of a contract as a job: one shard, whose answer and heat maps are kept with the job."""

from __future__ import annotations

import hashlib
from typing import Any

from ..audit.evidence.oracle import EngineOracle
from ..changes.uploaded import texts_of_dataset
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from .contract import parsed
from .reports import to_junit, to_page
from .schemas import CheckedOut, CheckRequest
from .service import HTML, JUNIT
from .verify import check


class CheckKind(Kind):
    name = "check"
    Request = CheckRequest

    def shards(self, work: Work) -> int:
        return 1

    def run(self, work: Work, shard: int) -> bytes:
        asked: CheckRequest = work.request
        contract, oracle = parsed(asked.contract), EngineOracle(work.engine, asked.model)
        texts = None
        if asked.dataset is not None:
            texts = texts_of_dataset(work, asked.dataset, oracle.facts.labels)
        digest = hashlib.sha256(asked.contract.encode()).hexdigest()
        found, failing = check(
            contract, digest, oracle, texts, lambda name: EngineOracle(work.engine, name), work.progress
        )
        work.keep(JUNIT, to_junit(found).encode())
        work.keep(HTML, to_page(found, failing).encode())
        return found.model_dump_json().encode()

    def finish(self, work: Work) -> dict[str, Any]:
        found = CheckedOut.model_validate_json(work.result(0))
        counts = {name: getattr(found, name) for name in ("passed", "failed", "undecided")}
        links = {"page": f"/checks/{work.id}", "json": f"/v1/checks/{work.id}"}
        return {"contract": found.contract, "outcome": found.outcome, **counts, "links": links}
