"""Figures of a trained model on texts it has not seen, each with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from .data import Example, FileRecord, read
from .plan import Plan

BATCH_TOKENS = 8192
RESAMPLES = 2000


class Figure(BaseModel):
    """One number of the model card: its value, its 95 % interval and the texts it was read off."""

    model_config = ConfigDict(frozen=True)

    name: str
    metric: str
    value: float
    low: float
    high: float
    interval: str
    texts: int
    file: str
    sha256: str
    bad_rows: int = 0
    unlabelled: int = 0
    goal: float | None = None


def judge(plan: Plan, network: Any, tokenizer: Any, *, root: Path) -> list[Figure]:
    figures = []
    known: dict[str, np.ndarray[Any, Any]] = {}  # of a file that several figures are read off
    for source in plan.judge:
        examples, record = read(source, root, plan.labels)
        key = source.model_copy(update={"name": "", "metric": "accuracy", "goal": None}).model_dump_json()
        if key not in known:
            texts = [e.text for e in examples]
            known[key] = predict(network, tokenizer, texts, maximum_length=plan.fit.maximum_length)
        logits = known[key]
        measure = accuracy if source.metric == "accuracy" else auc
        figure = measure(source.name, logits, examples, record)
        figures.append(figure.model_copy(update={"goal": source.goal}))
    return figures


def predict(network: Any, tokenizer: Any, texts: Sequence[str], *, maximum_length: int) -> np.ndarray[Any, Any]:
    """Logits (texts, labels), computed in batches of texts of like length."""
    encoded = tokenizer(list(texts), truncation=True, max_length=maximum_length, padding=False)["input_ids"]
    order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
    logits: np.ndarray[Any, Any] | None = None
    at = 0
    while at < len(order):
        rows = order[at : at + 64]
        while len(rows) > 1 and len(rows) * len(encoded[rows[-1]]) > BATCH_TOKENS:
            rows = rows[: len(rows) // 2]
        batch = tokenizer.pad({"input_ids": [encoded[i] for i in rows]}, return_tensors="pt")
        with torch.inference_mode():
            found = network(**batch.to(network.device)).logits.double().cpu().numpy()
        logits = np.zeros((len(texts), found.shape[1])) if logits is None else logits
        logits[rows] = found
        at += len(rows)
    assert logits is not None
    return logits


def accuracy(name: str, logits: np.ndarray[Any, Any], examples: Sequence[Example], record: FileRecord) -> Figure:
    """Share of texts whose most probable class is the label; Wilson's interval (Wilson 1927)."""
    n = len(examples)
    share = float(np.mean(logits.argmax(axis=1) == np.array([e.label for e in examples])))
    z = float(norm.ppf(0.975))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return _figure(name, "accuracy", (share, centre - half, centre + half), "Wilson", record)


def auc(name: str, logits: np.ndarray[Any, Any], examples: Sequence[Example], record: FileRecord) -> Figure:
    """Area under the ROC curve of label 1's log-odds; bootstrap percentiles over texts, seed 0."""
    labels = np.array([e.label for e in examples])
    scores = logits[:, 1] - logits[:, 0]
    rng = np.random.default_rng(0)
    values: list[float] = []
    while len(values) < RESAMPLES:
        rows = rng.integers(0, len(labels), len(labels))
        if 0 < labels[rows].sum() < len(rows):
            values.append(roc_auc_score(labels[rows], scores[rows]))
    low, high = np.percentile(values, [2.5, 97.5])
    value = float(roc_auc_score(labels, scores))
    return _figure(name, "auc", (value, float(low), float(high)), "bootstrap", record)


def _figure(name: str, metric: str, value: tuple[float, float, float], interval: str, record: FileRecord) -> Figure:
    figure, low, high = (round(v, 4) for v in value)
    return Figure(
        name=name,
        metric=metric,
        value=figure,
        low=low,
        high=high,
        interval=interval,
        texts=record.rows,
        file=record.path,
        sha256=record.sha256,
        bad_rows=record.bad_rows,
        unlabelled=record.unlabelled,
    )
