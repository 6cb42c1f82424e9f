"""An audit as a job: shards of predictions, then the words of the worst gaps and the report in every form."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets import service as datasets
from ..jobs.work import Work
from ..store.database import Store
from . import plots, report, run, terms
from .material import Material
from .oracle import EngineOracle, audited_class
from .plan import Plan, Swaps, Table
from .sources import material_of
from .values import Floats

PAGE = 2_000  # rows of a data set that are read together
EPOCH = (1980, 1, 1, 0, 0, 0)  # of files in the archive, so that two runs make the same bytes


class AuditKind:
    name = "audit"
    Request = Plan

    def shards(self, work: Work) -> int:
        return run.shards(material(work))

    def run(self, work: Work, shard: int) -> bytes:
        oracle = EngineOracle(work.engine, work.request.model)
        target = audited_class(oracle.facts, work.request.audited)
        return run.predict(oracle, material(work), shard, target=target).astype("<f8").tobytes()

    def finish(self, work: Work) -> dict[str, Any]:
        plan: Plan = work.request
        scores: list[Floats] = [np.frombuffer(body, dtype="<f8") for body in work.results()]
        oracle = EngineOracle(work.engine, plan.model)
        declared, stored = run.finish(plan, material(work), oracle, scores, work.progress)
        facts = {"finished": datetime.now(UTC).isoformat(timespec="seconds"), "job": work.id}
        made = report.build(declared, stored, work.folder, run=facts)
        report.write(made, work.folder, pdf=report.has_pdf())
        self._draw(made, work.folder)
        for path in sorted(work.folder.rglob("*")):
            if path.is_file():
                work.keep(path.name, path)
        work.keep("report.zip", archive(work.folder))
        return _result(work.id, made)

    def _draw(self, made: dict[str, Any], folder: Path) -> None:
        """The drawings apart, for the page, in either language."""
        for language in ("en", "zh"):
            say = terms.filters(report.translator(language))
            for name, drawn in plots.drawings(made["content"], say).items():
                (folder / f"{name}.{language}.svg").write_text(drawn, encoding="utf-8")


def _result(id: str, made: dict[str, Any]) -> dict[str, Any]:
    content = made["content"]
    forms = ("json", "html", *(("pdf",) if report.has_pdf() else ()), "md", "zip")
    return {
        "rows": content["data"]["rows"],
        "findings": content["verdict"]["findings"],
        "sha256": made["sha256"],
        "verdict": content["verdict"]["kind"],
        "links": {"page": f"/audits/{id}"} | {form: f"/v1/audits/{id}/report?format={form}" for form in forms},
    }


def material(work: Work) -> Material:
    plan: Plan = work.request
    if isinstance(plan.data, Table | Swaps) and plan.data.dataset is not None:
        return _of_dataset(work.store, work.project, plan.model_dump_json())
    return _of_plan(plan.model_dump_json())


@lru_cache(maxsize=2)
def _of_plan(plan: str) -> Material:
    return material_of(Plan.model_validate_json(plan), folder=Path())


@lru_cache(maxsize=1)  # every shard of a job asks for it, and twins are costly to make
def _of_dataset(store: Store, project: str, declared: str) -> Material:
    """A data set has its own names for its columns: text, label and those of its groups."""
    plan = Plan.model_validate_json(declared)
    data = plan.data
    assert isinstance(data, Table | Swaps)
    assert data.dataset is not None
    rows: list[dict[str, Any]] = []
    while part := datasets.rows(store, project, data.dataset, len(rows), len(rows) + PAGE):
        rows += [{"text": each.text, "label": each.label or "", **each.groups} for each in part]
    mapped = data.model_copy(update={"text": "text", "label": data.label and "label"})
    return material_of(plan.model_copy(update={"data": mapped}), folder=Path(), dataset=rows)


def archive(folder: Path) -> bytes:
    """Everything that `whence audit verify` needs, with what people read."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".svg":
                file.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH), path.read_bytes())
    return out.getvalue()
