"""The number that is explained. Computed from logits in float64, the same for every method of an explanation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import BadInput
from .answer import Head, Prediction, Target, WordLabel
from .features import Feature
from .question import ValueName
from .records import FloatArray

ALLOWED: dict[Head, tuple[ValueName, ...]] = {
    "single": ("log-odds", "logit", "probability", "margin"),
    "multi": ("logit", "log-odds", "probability"),  # the logit of a sigmoid is its log-odds
    "regression": ("output",),
}


def resolve(value: ValueName | None, head: Head) -> ValueName:
    """The default for the head where none was asked for. Raises BadInput for one that the head does not have."""
    if value is None:
        return ALLOWED[head][0]
    if value not in ALLOWED[head]:
        raise BadInput(f"value {value!r} does not exist for a {head}-label head; choose {', '.join(ALLOWED[head])}")
    return value


def value_of(logits: FloatArray, value: ValueName, *, head: Head, targets: Sequence[int]) -> FloatArray:
    """Logits (rows, labels) → (rows, targets).

    log-odds: logit_c − logsumexp(the other logits); never log(p/(1−p)), which saturates.
    margin: logit_c − the largest other logit.
    """
    logits = np.asarray(logits, dtype=np.float64)
    chosen = logits[:, list(targets)]
    if value in ("logit", "output") or (value == "log-odds" and head == "multi"):
        return chosen
    if value == "probability":
        return probabilities(logits, head)[:, list(targets)]
    columns = []
    for target in targets:
        others = np.delete(logits, target, axis=1)
        top = others.max(axis=1)
        if value == "log-odds":
            top = top + np.log(np.exp(others - top[:, None]).sum(axis=1))
        columns.append(logits[:, target] - top)
    return np.stack(columns, axis=1)


def probabilities(logits: FloatArray, head: Head) -> FloatArray:
    """Soft-max for a single-label head, sigmoid for a multi-label one, (rows, labels)."""
    if head == "multi":
        # Split by sign, so that neither branch overflows.
        small = np.exp(-np.abs(logits))
        return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: FloatArray = shifted / shifted.sum(axis=1, keepdims=True)
    return shares


def word_labels(logits: FloatArray, words: Sequence[Feature], labels: Sequence[str]) -> tuple[WordLabel, ...]:
    """Logits (words, labels) of a token classifier as what it says of each word."""
    shares = probabilities(logits, "single")
    return tuple(
        WordLabel(
            text=word.text,
            start=word.start,
            end=word.end,
            part=word.part,
            predicted=Target(index=int(top), label=labels[top]),
            probability=float(row[top]),
        )
        for word, row, top in zip(words, shares, shares.argmax(axis=1), strict=True)
    )


def prediction_of(logits: FloatArray, labels: Sequence[str], head: Head) -> Prediction:
    """One row of logits (labels,) as what the model says."""
    top = int(np.argmax(logits))
    shares = None if head == "regression" else probabilities(logits[None], head)[0]
    return Prediction(
        labels=tuple(labels),
        logits=tuple(float(v) for v in logits),
        probabilities=None if shares is None else tuple(float(p) for p in shares),
        predicted=Target(index=top, label=labels[top]),
    )
