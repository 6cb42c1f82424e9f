"""A training as a job: one shard, whose checkpoint is stored with the job after every epoch."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..datasets import service as datasets
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..models.kind import register
from . import child, splits
from .language.curve import curve_in
from .plan import Fit, Judgement, Plan, Source, keeps_weights, weights_name
from .process import EPOCHS, Task
from .requests import folder_of
from .schemas import TrainingRequest

CHECKPOINT = "checkpoint.tar"


class TrainingKind(Kind):
    name = "training"
    Request = TrainingRequest

    def shards(self, work: Work) -> int:
        return 1

    def run(self, work: Work, shard: int) -> bytes:
        """The card; the files of the model are stored with the job."""
        request: TrainingRequest = work.request
        plan = plan_of(request, lay_out(work, request), work.id)
        epochs, curve = _take_up(work)
        task = Task(plan.model_dump(mode="json"), str(work.folder), child.threads(), work.device == "cpu")
        card = child.train(task, check=work.check, hear=partial(_hear, work, epochs, curve))
        files = sorted(path.name for path in (work.folder / "model").iterdir() if path.is_file())
        for name in files:
            work.keep(name, work.folder / "model" / name)
        return json.dumps(
            {"epochs": epochs, "pretraining": curve, "texts": card["training_texts"], "files": files}
        ).encode()

    def finish(self, work: Work) -> dict[str, Any]:
        facts = json.loads(work.result(0))
        model = register(work, str(_placed(work, facts["files"])), roots=None)
        links = {"model": f"/models/{model.id}", "json": f"/v1/models/{model.id}"}
        if keeps_weights(work.request.method, work.request.pretrain):
            links["taught"] = f"/taught?model={quote(model.id, safe='')}"
        known = {name: facts[name] for name in ("epochs", "pretraining") if facts[name]}
        return {"model": model.id, "rows": facts["texts"], **known, "links": links}


def plan_of(request: TrainingRequest, labels: tuple[str, ...], job: str) -> Plan:
    """The plan, as `whence train` would read it from a file."""
    source: Any = {"reader": "table"}
    judged = [Judgement(name=part, path=f"{part}.jsonl", **source) for part in ("dev", "test")]
    return Plan(
        name=request.name,
        title=request.title or request.name,
        description=request.description,
        intended_use=request.intended_use,
        limits=(f"Trained by the job {job} on the data set {request.dataset}; nobody has looked at it yet.",),
        language=request.language,
        labels=labels,
        seed=request.seed,
        method=request.method,
        base=request.base,
        pretrain=request.pretrain,
        fit=Fit(**request.recipe.model_dump()),
        train=(Source(path="train.jsonl", **source),),
        judge=tuple(judged),
    )


def lay_out(work: Work, request: TrainingRequest) -> tuple[str, ...]:
    """Write the parts of a training into the job's folder; return its labels."""
    found = splits.split(request, {part: _rows(work, id) for part, id in _sources(request)})
    for part, rows in found.items():
        text = "".join(f"{json.dumps(line)}\n" for line in splits.lines(rows))
        (work.folder / f"{part}.jsonl").write_text(text, encoding="utf-8")
    return splits.labels_of(found)


def _sources(request: TrainingRequest) -> Iterator[tuple[str, str]]:
    named = {"train": request.dataset, "dev": request.dev, "test": request.test}
    yield from ((part, id) for part, id in named.items() if id is not None)


def _rows(work: Work, id: str) -> Iterator[splits.Row]:
    for part in datasets.parts(work.store, work.project, id):
        work.check()
        yield from (splits.Row(row.text, row.label, row.groups) for row in part)


def _hear(work: Work, epochs: list[dict[str, Any]], curve: list[dict[str, Any]], what: str, told: Any) -> None:
    if what == "progress":
        work.progress(float(told[0]), str(told[1]))
        return
    kept = [(weights_name(told["epoch"]), told.pop("weights", None)), (CHECKPOINT, told.pop("checkpoint", None))]
    for name, path in kept:  # the checkpoint last: an epoch that is behind has its weights
        if path is not None:
            work.keep(name, Path(path))
            Path(path).unlink()
    (epochs if what == "epoch" else curve).append(told)
    work.so_far({"epochs": epochs, **({"pretraining": curve} if curve else {})})


def _take_up(work: Work) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The epochs that are behind, of the fit and of a pre-training, their checkpoint laid out for the process that goes
    on."""
    folder = work.folder / "checkpoints"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    archive = work.folder / CHECKPOINT
    write(archive, work.kept(CHECKPOINT))
    if not archive.stat().st_size:
        return [], []
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return _listed(folder / EPOCHS), curve_in(folder)


def _listed(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return found


def _placed(work: Work, files: Sequence[str]) -> Path:
    """The model's folder, whole from the moment that it is there."""
    request: TrainingRequest = work.request
    folder = folder_of(work.data, request.name, work.id)
    part = work.folder / "placed"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name in files:
        write(part / name, work.kept(name))
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    shutil.move(part, folder)
    return folder


def write(path: Path, parts: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for body in parts:
            file.write(body)
