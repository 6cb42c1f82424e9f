"""Foretold and measured change of predictions when a small model is trained again without some of its texts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from app.taught.foretelling import influences
from app.taught.tracing import Tracing
from app.train.data import Example
from app.train.evaluate import predict
from app.train.loop import Epochs, fit
from app.train.plan import Fit, Judgement, Plan, Source, weights_name
from tests.tiny import network_for, tokenizer_for

RETRAININGS, LEFT_OUT, LENGTH = 20, 16, 32
GOOD, BAD = ("good", "great", "witty", "funny", "gorgeous"), ("bad", "clumsy", "dull", "never", "pay")
REST = ("a", "the", "film", "movie", "is", "was", "and", "but", "from", "its", "opening", "recovers", "worker", "it")
TURNED = 0.1  # of the texts have the other label, so that some lower what others raise


def plan() -> Plan:
    source = Source(path="train.jsonl", reader="table")
    return Plan(
        name="tiny", title="t", description="d", intended_use="i", limits=(), labels=("down", "up"), method="lora",
        fit=Fit(epochs=4, learning_rate=4e-3, tokens_per_batch=192, rank=4, alpha=8, maximum_length=LENGTH),
        train=(source,),
        judge=tuple(Judgement(name=name, path=f"{name}.jsonl", reader="table") for name in ("dev", "test")),
    )  # fmt: skip


def examples(count: int = 160) -> list[Example]:
    """Six words each, one of them of a kind that says the label."""
    rng = np.random.default_rng(0)
    found = []
    for row in range(count):
        words = rng.choice(REST, 6).tolist()
        words[int(rng.integers(6))] = str(rng.choice(GOOD if row % 2 else BAD))
        found.append(Example(" ".join(words), row % 2 if rng.random() > TURNED else 1 - row % 2))
    return found


def questions() -> list[str]:
    return [f"the film was {word} and the opening" for word in (*GOOD, *BAD)]


def taught(kept: Path, *, retrainings: int = RETRAININGS) -> dict[str, Any]:
    """Each retraining leaves out other texts, drawn at random; both changes are of the loss of the predicted class."""
    texts = examples()
    first = _kept(kept / "first.json", lambda: _first(kept, texts))
    foretold, measured = [], []
    for number in range(retrainings):
        gone = np.random.default_rng(1 + number).choice(len(texts), LEFT_OUT, replace=False)
        left = [each for row, each in enumerate(texts) if row not in set(gone.tolist())]
        after = _kept(kept / f"without-{number}.json", lambda left=left: _losses(kept, left, first["targets"]))
        foretold.append(np.array(first["influences"])[:, gone].sum(axis=1))
        measured.append(np.array(after) - np.array(first["losses"]))
    return _correlated(np.array(foretold), np.array(measured))


def _correlated(foretold: np.ndarray, measured: np.ndarray) -> dict[str, Any]:
    """(retrainings, questions) each. The interval is of the mean, by a percentile bootstrap over retrainings."""
    rng = np.random.default_rng(0)
    found = _ranks(foretold, measured)
    draws = rng.integers(len(foretold), size=(2000, len(foretold)))
    drawn = [_ranks(foretold[rows], measured[rows]).mean() for rows in draws]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return {
        "retrainings": len(foretold), "left_out": LEFT_OUT, "questions": foretold.shape[1], "mean": float(found.mean()),
        "interval": [float(low), float(high)], "each": found.tolist(),
        "same_sign": float((np.sign(foretold) == np.sign(measured)).mean()),
    }  # fmt: skip


def _ranks(foretold: np.ndarray, measured: np.ndarray) -> np.ndarray:
    return np.array([spearmanr(foretold[:, k], measured[:, k]).statistic for k in range(foretold.shape[1])])


def _kept(file: Path, make: Any) -> Any:
    if not file.exists():
        file.write_text(json.dumps(make()), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


def _base(folder: Path) -> Path:
    base = folder / "base"
    if not (base / "config.json").exists():
        tokenizer = tokenizer_for("bert")
        network_for("bert", tokenizer).save_pretrained(base)
        tokenizer.save_pretrained(base)
    return base


def _first(kept: Path, texts: Sequence[Example]) -> dict[str, Any]:
    """The training that is asked about: its losses, and the influence of every text on every question."""
    base, asked = _base(kept), questions()
    facts: list[Any] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "checkpoints").mkdir()
        epochs = Epochs(folder / "checkpoints", texts[:4], facts.append, folder)
        network, tokenizer = fit(plan(), texts, base=base, scratch=folder, on_cpu=True, epochs=epochs)
        logits = predict(network, tokenizer, asked, maximum_length=LENGTH)
        targets = logits.argmax(axis=1).tolist()
        tracing = Tracing(plan(), base, texts)
        sketches, own = [], []
        for epoch in facts:
            tracing.load(folder / weights_name(epoch["epoch"]))
            sketches.append(tracing.taught())
            own.append([tracing.asked(text, target) for text, target in zip(asked, targets, strict=True)])
    rates = [epoch["rate"] for epoch in facts]
    found = [influences(sketches, [each[k] for each in own], rates).tolist() for k in range(len(asked))]
    return {"targets": targets, "losses": _of(logits, targets), "influences": found}


def _losses(kept: Path, texts: Sequence[Example], targets: Sequence[int]) -> list[float]:
    with tempfile.TemporaryDirectory() as scratch:
        network, tokenizer = fit(plan(), texts, base=_base(kept), scratch=Path(scratch), on_cpu=True)
    return _of(predict(network, tokenizer, questions(), maximum_length=LENGTH), targets)


def _of(logits: np.ndarray, targets: Sequence[int]) -> list[float]:
    shares = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shares).sum(axis=1)) - shares[np.arange(len(shares)), list(targets)]
    return [float(each) for each in losses]
