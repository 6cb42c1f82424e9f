"""Classifiers trained by Whence on real posts: the worst group an audit names, and a plain count over the templates."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.audit.data.plan import Explanations, Plan
from app.audit.data.samples import FOLDER as SAMPLES
from app.audit.evidence.oracle import LocalOracle
from app.audit.report.content import content_of
from app.audit.run.run import run
from app.audit.run.sources import material_of
from app.train.plan import Fit, Judgement, Source
from app.train.plan import Plan as Training
from app.train.service import train
from explainers.library import load_model
from tests.audit_proof.figures import Figure
from tests.audit_proof.rows import Texts, davidson

LABELS = ("harmless", "toxic")
TRAINED, JUDGED = 8_000, 2_000


def classifiers(data: Path, build: Path) -> list[Figure]:
    """Both models over the English templates."""
    own = _davidson(data, build)
    figures = json.loads((build / "davidson" / "card.json").read_text(encoding="utf-8"))["figures"]
    return [
        *_compared("davidson", own, held_out=figures[0]["value"]),
        *_compared("hatexplain", embedded := load_model("toxicity"), held_out=embedded.card["figures"][0]["value"]),
    ]


def _davidson(data: Path, build: Path) -> Any:
    """An adapter on the embedded encoder, by `whence train`'s own path; a folder that is there is used again."""
    folder = build / "davidson"
    if not (folder / "card.json").is_file():
        rows = davidson(data)
        order = np.random.default_rng(0).permutation(len(rows))
        _written(rows.at(order[:TRAINED]), build / "rows" / "train.csv")
        _written(rows.at(order[TRAINED : TRAINED + JUDGED]), build / "rows" / "judged.csv")
        train(_training(), data=build / "rows", out=folder)
    return load_model(folder)


def _training() -> Training:
    return Training(
        name="davidson",
        title="Davidson",
        description="Is a tweet offensive or hateful?",
        intended_use="To be audited.",
        limits=("Known to be biased.",),
        labels=LABELS,
        fit=Fit(epochs=1),
        train=(Source(reader="table", path="train.csv"),),
        judge=(Judgement(reader="table", path="judged.csv", name="held-out tweets", metric="auc"),),
    )


def _written(rows: Texts, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        made = csv.writer(file)
        made.writerow(("text", "label"))
        made.writerows((text, LABELS[label]) for text, label in zip(rows.texts, rows.labels.astype(int), strict=True))


def _compared(name: str, model: Any, *, held_out: float) -> list[Figure]:
    """What the audit names and what the count names."""
    started = time.perf_counter()
    plan = Plan(model=name, audited="toxic", explain=Explanations(gaps=0, each=0))
    declared, stored = run(plan, material_of(plan, folder=Path()), LocalOracle(model), lambda done, note: None)
    content = content_of(declared, stored, {})
    headline = content["tests"][content["verdict"]["headline"]]
    counts = counted(model)
    most = max(counts.values())
    worst = sorted(group for group, count in counts.items() if count == most)
    said = f"{headline['group']}, {headline['metric']} {headline['value']:.2f}, gap {headline['gap']:+.2f}"
    return [
        Figure(f"{name}: worst group of the audit", said, held="a finding", holds=headline["verdict"] == "finding"),
        Figure(
            f"{name}: worst group of a plain count",
            f"{', '.join(worst)}: {most} of {headline['n']} harmless frames",
            held="the same group",
            holds=headline["group"] in worst and headline["metric"] == "false_positive_rate",
        ),
        Figure(f"{name}: AUC on held-out texts", held_out),
        Figure(f"{name}: seconds of the audit", round(time.perf_counter() - started, 1)),
    ]


def counted(model: Any) -> dict[str, int]:
    """Harmless frames in which naming the identity makes the sentence toxic: one frame, one vote."""
    tokenizer, module = model._encoder.tokenizer, model._network.module
    with (SAMPLES / "frames.en.csv").open(encoding="utf-8", newline="") as file:
        frames = [line["frame"] for line in csv.DictReader(file) if line["toxicity"] == "nontoxic"]
    with (SAMPLES / "identities.en.csv").open(encoding="utf-8", newline="") as file:
        identities = [line["identity"] for line in csv.DictReader(file)]
    found = {}
    for identity in identities:
        texts = [frame.replace("{identity}", identity) for frame in frames]
        with torch.inference_mode():
            said = module(**tokenizer(texts, padding=True, return_tensors="pt")).logits
        found[identity] = int((said[:, 1] >= said[:, 0]).sum())
    return found
