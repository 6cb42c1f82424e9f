"""An audit as a job. Its shards are the steps of the audit, one more that tells early what the predictions say, and
one that writes the report in every form."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

from ...datasets import service as datasets
from ...jobs.runner.kinds import Kind
from ...jobs.runner.work import Work
from ...store import jobs
from ...store.database import Store
from ...web import paper
from ...web.words import N_
from ..data import files, terms
from ..data.material import Material
from ..data.plan import Own, Plan, Swaps, Table
from ..evidence.oracle import EngineOracle
from ..report import plots, report
from ..report.content import content_of
from ..service import EARLY, ORIGINALS
from . import reuse
from .run import PREDICTING, Course, counted
from .sources import material_of

MEASURING, WRITING = N_("measuring gaps"), N_("writing the report")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of files in the archive, so that two runs make the same bytes


class AuditKind(Kind):
    """One for a job: what the steps share is worked out once in a process."""

    name = "audit"
    Request = Plan

    def __init__(self) -> None:
        self._lock = Lock()
        self._course: Course | None = None
        self._earlier: str | None = None  # the audit whose steps need not be done again

    def shards(self, work: Work) -> int:
        return sum(_counts(work).values())

    def after(self, work: Work, shard: int) -> int:
        return next(first for first in reversed(_firsts(work).values()) if first <= shard)

    def run(self, work: Work, shard: int) -> bytes:
        course, firsts = self._under_way(work), _firsts(work)
        name = next(name for name in reversed(firsts) if firsts[name] <= shard)
        if name == MEASURING:
            return _told_early(work, course)
        if name == WRITING:
            return _written(work, course)
        known = reuse.step(work, self._earlier, shard) if self._earlier else None
        stage = next(stage for stage in course.stages if stage.name == name)
        return stage.do(shard - firsts[name], work.progress) if known is None else known

    def finish(self, work: Work) -> dict[str, Any]:
        return dict(json.loads(work.result(_firsts(work)[WRITING])))

    def _under_way(self, work: Work) -> Course:
        with self._lock:
            if self._course is None:
                firsts, oracle = _firsts(work), EngineOracle(work.engine, work.request.model)
                self._earlier = reuse.earlier(work, digest=oracle.facts.digest)
                self._course = Course(
                    work.request, material(work), oracle, lambda stage, number: work.result(firsts[stage] + number)
                )
            return self._course


def _counts(work: Work) -> dict[str, int]:
    """The shards of each stage: what the predictions say is told before anything is explained."""
    counts = counted(work.request, material(work))
    return {PREDICTING: counts.pop(PREDICTING), MEASURING: 1, **counts, WRITING: 1}


def _firsts(work: Work) -> dict[str, int]:
    """The first shard of each stage that has any."""
    counts = _counts(work)
    ends = accumulate(counts.values())
    return {name: end - count for (name, count), end in zip(counts.items(), ends, strict=True) if count}


def _told_early(work: Work, course: Course) -> bytes:
    """The gaps and the drawings, which no explanation changes: the page shows them at once."""
    work.progress(0.0, MEASURING)
    content = content_of(course.declared, course.predicted, {}, course.measured)
    work.keep(EARLY, json.dumps(content).encode())
    for language in ("en", "zh"):
        say = terms.filters(report.translator(language))
        for name, drawn in plots.drawings(content, say).items():
            work.keep(f"{name}.{language}.svg", drawn.encode())
    work.so_far(_found(content) | {"links": {"page": f"/audits/{work.id}"}})
    return b""


def _written(work: Work, course: Course) -> bytes:
    """The report in every form; returns the result of the job."""
    work.progress(0.0, WRITING)
    asked = work.store.query(partial(jobs.find, id=work.id))
    who = asked.caller if asked else ""
    facts = {"finished": datetime.now(UTC).isoformat(timespec="seconds"), "job": work.id, "by": who}
    made = report.build(course.declared, course.stored, work.folder, run=facts, measured=course.measured)
    work.progress(0.2, WRITING)
    report.write(made, work.folder, pdf=paper.has_pdf())
    for path in sorted(work.folder.rglob("*")):
        if path.is_file():
            work.keep(path.name, path)
    work.keep("report.zip", archive(work.folder))
    work.keep(ORIGINALS, json.dumps(course.originals).encode())
    return json.dumps(_result(work.id, made)).encode()


def _result(id: str, made: dict[str, Any]) -> dict[str, Any]:
    content = made["content"]
    forms = ("json", "html", *(("pdf",) if paper.has_pdf() else ()), "md", "zip")
    return {
        **_found(content),
        "sha256": made["sha256"],
        "links": {"page": f"/audits/{id}"} | {form: f"/v1/audits/{id}/report?format={form}" for form in forms},
    }


def _found(content: Mapping[str, Any]) -> dict[str, Any]:
    verdict = content["verdict"]
    return {"rows": content["data"]["rows"], "findings": verdict["findings"], "verdict": verdict["kind"]}


def material(work: Work) -> Material:
    plan: Plan = work.request
    if isinstance(plan.data, Own) and plan.data.dataset is not None:
        classes = work.engine.ready(plan.model).labels
        return _of_dataset(work.store, work.project, plan.model_dump_json(), tuple(classes))
    return _of_plan(plan.model_dump_json())


@lru_cache(maxsize=2)
def _of_plan(plan: str) -> Material:
    return material_of(Plan.model_validate_json(plan), folder=Path())


@lru_cache(maxsize=1)  # every shard of a job asks for it, and twins are costly to make
def _of_dataset(store: Store, project: str, declared: str, classes: tuple[str, ...]) -> Material:
    """The rows of a data set by the names of the columns that its text, label and groups were read from."""
    plan = Plan.model_validate_json(declared)
    data = plan.data
    assert isinstance(data, Own)
    assert data.dataset is not None
    found = datasets.find(store, project, data.dataset)
    assert found.mapping is not None  # it was ready when the audit was asked for
    text, label = found.mapping.text, found.mapping.label
    blank: dict[str, Any] = dict.fromkeys(found.mapping.groups)
    rows: list[dict[str, Any]] = []
    for part in datasets.parts(store, project, data.dataset):
        rows += [blank | each.groups | {text: each.text} | ({label: each.label} if label else {}) for each in part]
    if isinstance(data, Table | Swaps):
        data = data.model_copy(update={"text": text, "label": label if data.label else None})
    made = material_of(plan.model_copy(update={"data": data}), folder=Path(), dataset=rows, classes=classes)
    file = files.facts_of(found.bad_rows, found.bad_rows_listed, found.notes)
    left_out = {"bad_rows": found.bad_rows, **made.left_out} if found.bad_rows else made.left_out
    return replace(made, source={**made.source, "title": found.name, "file": file}, left_out=left_out)


def archive(folder: Path) -> bytes:
    """Everything that `whence audit verify` needs, with what people read."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH), path.read_bytes())
    return out.getvalue()
