"""The number that is explained. Computed from logits in float64, the same for every method of an explanation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..contract import FloatArray, Head, Prediction, Target, TextSpan, ValueName, WordLabel
from ..errors import BadInput

ALLOWED: dict[Head, tuple[ValueName, ...]] = {
    "single": ("log-odds", "logit", "probability", "margin"),
    "multi": ("logit", "log-odds", "probability"),  # the logit of a sigmoid is its log-odds
    "regression": ("output",),
    "tokens": ("log-probability", "log-odds", "logit", "probability"),
}


def covered(task: str) -> int:
    """Classes that an explanation covers at least; of a picture fewer, as each costs a pass back at every point."""
    return 5 if task == "image" else 10


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
    margin: logit_c − the largest other logit. log-probability, of a token: −log(1 + exp(−log-odds)).
    Of tokens the columns are three each: its logit, the logsumexp of all others, the largest of them.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if head == "tokens":
        return _of_tokens(logits, value)[:, list(targets)]
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


def _of_tokens(columns: FloatArray, value: ValueName) -> FloatArray:
    """(rows, 3 · tokens) → (rows, tokens)."""
    if value == "logit":
        return columns[:, ::3]
    odds: FloatArray = columns[:, ::3] - columns[:, 1::3]
    if value == "log-probability":
        return np.asarray(-np.logaddexp(0, -odds))
    return sigmoid(odds) if value == "probability" else odds


def probabilities_of_tokens(columns: FloatArray) -> FloatArray:
    """(rows, 3 · tokens) → (rows, tokens): each token's own probability."""
    return _of_tokens(columns, "probability")


def sigmoid(logits: FloatArray) -> FloatArray:
    """1 / (1 + exp(−x)), split by sign, so that neither branch overflows."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))


def probabilities(logits: FloatArray, head: Head) -> FloatArray:
    """Soft-max for a single-label head, sigmoid for a multi-label one, (rows, labels)."""
    if head == "multi":
        return sigmoid(logits)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: FloatArray = shifted / shifted.sum(axis=1, keepdims=True)
    return shares


def word_labels(logits: FloatArray, words: Sequence[TextSpan], labels: Sequence[str]) -> tuple[WordLabel, ...]:
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
    shares = None if head == "regression" else probabilities(logits[None], head)[0]
    return Prediction(
        labels=tuple(labels),
        logits=tuple(float(v) for v in logits),
        probabilities=None if shares is None else tuple(float(p) for p in shares),
        predicted=predicted_of(logits, labels, head),
    )


def ranked(logits: FloatArray, head: Head) -> list[int]:
    """Targets in the order in which an explanation covers them: most probable first; the outputs of a regression are
    no rivals and stay in their order."""
    found: list[int] = list(range(len(logits))) if head == "regression" else np.argsort(-logits, kind="stable").tolist()
    return found


def predicted_of(logits: FloatArray, labels: Sequence[str], head: Head) -> Target | None:
    """The class that logits (labels,) speak for; None for a regression, whose outputs are no rivals."""
    if head == "regression":
        return None
    top = int(np.argmax(logits))
    return Target(index=top, label=labels[top])
