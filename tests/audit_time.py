"""Where the time of an audit goes: 10,000 English template texts, predictions only, on the embedded toxicity model.

    python -m tests.audit_time [--pdf]

Seconds of processor time, which other programs on the machine disturb little. Nothing is counted of the start of
Python and the loading of libraries and the model.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401

import explainers
from app.audit.data.lexicon import Lexicon
from app.audit.data.plan import Plan
from app.audit.evidence.oracle import LocalOracle
from app.audit.measures.templates import frames
from app.audit.report import report
from app.audit.run.run import Course
from app.audit.run.sources import material_of
from explainers.models.networks.network import Network

TEMPLATES = Path(__file__).parents[2] / "shared" / "data" / "jigsaw_sentence_templates" / "en_sentence_templates.csv"
TEXTS = 10_000


@contextmanager
def forward_passes(spent: dict[str, float]) -> Iterator[None]:
    """Adds what the network itself takes, whoever asks it."""
    logits = Network.logits

    def timed(network: Network, *given: Any) -> Any:
        started = time.process_time()
        try:
            return logits(network, *given)
        finally:
            spent["forward"] = spent.get("forward", 0.0) + time.process_time() - started

    Network.logits = timed  # type: ignore[method-assign]
    try:
        yield
    finally:
        Network.logits = logits  # type: ignore[method-assign]


def sampled(folder: Path) -> Path:
    """Every 7th row or so of the templates, so that all of them are there, each with its frame."""
    with TEMPLATES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [rows[int(len(rows) / TEXTS * k)] for k in range(TEXTS)]
    numbers, _ = frames([row["phrase"] for row in rows], [Lexicon.load("en")])
    path = folder / "templates.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, ["template", "toxicity", "phrase", "frame"])
        out.writeheader()
        out.writerows(row | {"frame": number} for row, number in zip(rows, numbers, strict=True))
    return path


def shares(*, pdf: bool = False) -> dict[str, Any]:
    """Processor seconds by part, and the share outside the forward passes."""
    spent: dict[str, float] = {}
    oracle = LocalOracle(explainers.load_model("toxicity"))

    def timed(name: str, work: Callable[[], Any]) -> Any:
        started = time.process_time()
        found = work()
        spent[name] = time.process_time() - started
        return found

    with tempfile.TemporaryDirectory() as made, forward_passes(spent):
        folder = Path(made)
        plan = declared(sampled(folder))
        texts = timed("texts and groups", lambda: material_of(plan, folder=folder))
        assert len(texts.texts) == TEXTS
        left: list[bytes] = []
        course = Course(plan, texts, oracle, lambda stage, number: left[number])
        predicting = course.stages[0]
        timed("predictions", lambda: left.extend(predicting.do(k, lambda *said: None) for k in range(predicting.steps)))
        measured = timed("gaps", lambda: course.measured)
        built = timed(
            "content", lambda: report.build(course.declared, course.stored, folder, run={}, measured=measured)
        )
        timed("files", lambda: report.write(built, folder, pdf=pdf))
    forward = spent.pop("forward")
    whole = sum(spent.values())
    spent["predictions"] -= forward
    found: dict[str, Any] = {"forward passes": forward, **spent, "whole": whole, "outside": 1 - forward / whole}
    facts = {"groups": len(measured.membership), "clusters": measured.comparison.clusters}
    return {name: round(value, 3) for name, value in found.items()} | facts


def declared(path: Path) -> Plan:
    return Plan.model_validate(
        {
            "model": "toxicity",
            "audited": "toxic",
            "data": {
                "kind": "table", "path": str(path), "text": "phrase", "label": "toxicity", "positive": ["toxic"],
                "terms": "en", "cluster": "frame",
            },
            "explain": {"gaps": 0},
        }
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", action="store_true", help="with the PDF")
    print(json.dumps(shares(pdf=parser.parse_args().pdf), indent=1))


if __name__ == "__main__":
    main()
