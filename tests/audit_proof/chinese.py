"""A character BERT trained from scratch on Chinese posts, and its audit by the command a user types."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sklearn.metrics import roc_auc_score

from app.audit.data.plan import Explanations, Plan, Templates
from app.audit.evidence.oracle import LocalOracle, probabilities
from app.audit.report.content import content_of
from app.audit.run.run import run
from app.audit.run.sources import material_of
from explainers.library import load_model
from tests.audit_proof.encoder import Size, fitted, tokenizer
from tests.audit_proof.figures import Figure
from tests.audit_proof.rows import ROOT, cold

SIZE = Size(width=128, layers=2, length=96, epochs=3, rate=1e-3)
LABELS = ("safe", "offensive")
PLAN = """model = {model}
language = "zh"
audited = "offensive"

[data]
kind = "templates"
language = "zh"
"""


def chinese(data: Path, build: Path) -> list[Figure]:
    """The model's AUC, the audit end to end with its report, its time and where the time goes."""
    folder = build / "cold-bert"
    if not (folder / "config.json").is_file():
        _train(data, folder)
    model = load_model(folder)
    dev = cold(data, "dev")
    oracle = LocalOracle(model)
    said = probabilities(oracle.facts, oracle.logits(dev.texts), target=1)
    return [
        Figure("cold_zh: AUC on dev", round(float(roc_auc_score(dev.labels, said)), 4)),
        Figure("cold_zh: texts of dev", len(dev)),
        *_by_command(folder, build),
        *_outside_forward_passes(model),
    ]


def _train(data: Path, folder: Path) -> None:
    """An ordinary Hugging Face folder."""
    rows = cold(data, "train")
    words = tokenizer(rows.texts, SIZE)
    network = fitted(rows, words, SIZE, labels=LABELS, seed=0)
    network.save_pretrained(folder)
    words.save_pretrained(folder)


def _by_command(model: Path, build: Path) -> Iterator[Figure]:
    """whence audit run and whence audit verify, as processes of their own."""
    plan, out = build / "chinese.toml", build / "chinese"
    plan.write_text(PLAN.format(model=json.dumps(str(model))), encoding="utf-8")
    yield Figure("zh: processor seconds of `whence audit run`, all forms", _whence("run", plan, "-o", out))
    yield Figure("zh: processor seconds of `whence audit verify`", _whence("verify", out / "report.json"))
    content = json.loads((out / "report.json").read_text(encoding="utf-8"))["content"]
    html = (out / "report.html").read_text(encoding="utf-8")
    headline = content["tests"][content["verdict"]["headline"]]
    forms = ["report.json", "report.html", "report.pdf", "model-card.md", "tables/tests.csv", "tables/rows.parquet"]
    there = [name for name in forms if (out / name).is_file() and (out / name).stat().st_size]
    yield Figure("zh: rows and groups", f"{content['data']['rows']} x {len(content['groups'])}")
    yield Figure("zh: verdict", content["verdict"]["kind"])
    yield Figure("zh: findings", content["verdict"]["findings"])
    yield Figure(
        "zh: headline", f"{headline['group']} {headline['metric']} {headline['gap']:+.3f} q {headline['q']:.2g}"
    )
    yield Figure("zh: files written", len(there), held=f"{len(forms)}", holds=there == forms)
    yield Figure("zh: language of the report", content["language"], held="zh", holds='<html lang="zh"' in html)


def _whence(*arguments: object) -> float:
    """The processor seconds of a command: other work on the machine does not lengthen them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "app.cli", "audit", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"whence audit {arguments[0]}: {done.stderr[-2_000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)


def _outside_forward_passes(model: Any) -> list[Figure]:
    """Predictions only, from the texts to the content of the report, in processor time."""
    plan = Plan(
        model=model.id, audited="offensive", data=Templates(language="zh"), explain=Explanations(gaps=0, each=0)
    )
    with passes(model) as spent:
        started = time.process_time()
        declared, stored = run(plan, material_of(plan, folder=Path()), LocalOracle(model), lambda done, note: None)
        content_of(declared, stored, {})
        whole = time.process_time() - started
    return [
        Figure("zh: processor seconds, predictions only", round(whole, 1)),
        Figure("zh: share outside forward passes, predictions only", round(1 - sum(spent) / whole, 3)),
    ]


@contextmanager
def passes(model: Any) -> Iterator[list[float]]:
    """The processor seconds of every forward pass while it is open."""
    module, spent, started = model._network.module, list[float](), list[float]()
    hooks = [
        module.register_forward_pre_hook(lambda *_: started.append(time.process_time())),
        module.register_forward_hook(lambda *_: spent.append(time.process_time() - started[-1])),
    ]
    try:
        yield spent
    finally:
        for hook in hooks:
            hook.remove()
