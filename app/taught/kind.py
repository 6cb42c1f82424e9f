"""The job that finds the training texts behind a prediction."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from .._library import explainers
from ..datasets import service as datasets
from ..errors import BadRequest
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..store import jobs
from ..train import child
from ..train.kind import lay_out, plan_of, write
from ..train.plan import weights_name
from ..train.process import Task
from ..train.schemas import TrainingRequest
from ..workbench.study.words import words_of
from .process import sketch_name
from .schemas import SHOWN, TaughtJob, TaughtOut

MODULE = f"{__package__}.process"


class TaughtKind(Kind):
    name = "taught"
    Request = TaughtJob

    def shards(self, work: Work) -> int:
        return 1

    def run(self, work: Work, shard: int) -> bytes:
        asked: TaughtJob = work.request
        request, epochs = _training(work, asked.training)
        plan = plan_of(request, lay_out(work, request), asked.training)
        if asked.target and asked.target not in plan.labels:
            raise BadRequest(f"target: {asked.target[:80]!r} is no class; it is one of {', '.join(plan.labels)}")
        missing = [each for each in epochs if not _take(work, asked.training, each["epoch"])]
        question = {
            "text": asked.text, "target": asked.target, "leave_out": asked.leave_out, "seed": asked.seed,
            "epochs": epochs, "shown": SHOWN,
        }  # fmt: skip
        (work.folder / "asked.json").write_text(json.dumps(question), encoding="utf-8")
        task = Task(plan.model_dump(mode="json"), str(work.folder), child.threads(), work.device == "cpu")
        card = child.train(task, check=work.check, hear=partial(_hear, work), module=MODULE)
        for each in missing:  # the next prediction need not make them again
            name = sketch_name(each["epoch"])
            work.keep(name, work.folder / name, job=asked.training)
        numbers = _numbers(work, request.dataset, {each["text"] for each in (*card["raised"], *card["lowered"])})
        return _out(asked, request.dataset, card, numbers).model_dump_json().encode()

    def finish(self, work: Work) -> dict[str, Any]:
        found = TaughtOut.model_validate_json(work.result(0))
        links = {"page": f"/taught/{work.id}", "json": f"/v1/taught/{work.id}"}
        return {"model": found.model, "target": found.target, "rows": found.texts, "links": links}


def _training(work: Work, id: str) -> tuple[TrainingRequest, list[dict[str, Any]]]:
    """The request of a training and its epochs. Raises BadRequest for one that kept no weights."""
    row = work.store.query(partial(jobs.find, id=id))
    if row is None or row.result is None:
        raise explainers.Cancelled("the training was deleted meanwhile")
    epochs = [each for each in json.loads(row.result).get("epochs", ()) if "rate" in each]
    kept = [each for each in epochs if next(work.kept(weights_name(each["epoch"]), job=id), None) is not None]
    if not kept or len(kept) != len(epochs):
        raise BadRequest(
            "the training kept no weights of its epochs", cure="Train again by lora or frozen, without a pre-training."
        )
    return TrainingRequest.model_validate_json(row.request), kept


def _take(work: Work, training: str, epoch: int) -> bool:
    """Put the files of an epoch into the folder; return whether its sketches are among them."""
    there = True
    for name in (weights_name(epoch), sketch_name(epoch)):
        path = work.folder / name
        write(path, work.kept(name, job=training))
        if not path.stat().st_size:
            path.unlink()
            there = False
    return there


def _hear(work: Work, what: str, told: Any) -> None:
    if what == "progress":
        work.progress(float(told[0]), str(told[1]))


def _numbers(work: Work, dataset: str, texts: set[str]) -> dict[str, int]:
    """The first row of each of the texts."""
    found: dict[str, int] = {}
    for part in datasets.parts(work.store, work.project, dataset):
        for row in part:
            if row.text in texts:
                found.setdefault(row.text, row.number)
    return found


def _out(asked: TaughtJob, dataset: str, card: dict[str, Any], numbers: dict[str, int]) -> TaughtOut:
    words = set(words_of(asked.text))
    lines = {
        name: tuple(
            {**each, "row": numbers.get(each["text"]),
             "shared": tuple(dict.fromkeys(word for word in words_of(each["text"]) if word in words))}
            for each in card[name]
        )
        for name in ("raised", "lowered")
    }  # fmt: skip
    whole = {"model": asked.model, "dataset": dataset, "text": asked.text, "left_out": card.get("left_out")}
    return TaughtOut.model_validate({**{k: v for k, v in card.items() if k != "left_out"}, **lines, **whole})
