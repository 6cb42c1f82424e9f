"""An explanation as Markdown, to paste into notes, issues and reports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from ..._library import explainers
from ...web.formatting import gain, signed

STRONGEST = 5
AGAINST_RANDOM = (
    "Comprehensiveness and sufficiency on this text, against random parts, in probability of the predicted class; "
    "0 is chance, ± the 95 % interval."
)
SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!<>|~])")


def to_markdown(explanations: Sequence[explainers.Attribution], *, answer: str = "") -> str:
    """The text as a quotation, the answer, and a line a method: its badge and its strongest parts."""
    if not explanations:
        return f"{escaped(answer)}\n"
    first = explanations[0]
    texts = [text for text in (first.text, first.text_pair) if text is not None]
    blocks = ["\n>\n".join(f"> {escaped(text)}" for text in texts), escaped(answer), _table(explanations)]
    source = f"Model {escaped(first.model.id)} (sha256 {first.model.digest}), seed {first.method.seed}, {first.value}."
    return "\n\n".join([*filter(None, blocks), source]) + "\n"


def escaped(text: str) -> str:
    """On one line, with every character that Markdown reads as a mark told to be itself."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _table(explanations: Sequence[explainers.Attribution]) -> str:
    measured = any(found.faithfulness is not None for found in explanations)
    heads = ["method", "badge", *(["comprehensiveness", "sufficiency"] if measured else []), "strongest parts"]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for found in explanations:
        title = escaped(explainers.prose_of(found.method.name).title)
        badge = "" if found.badge is None else escaped(f"{found.badge.level}: {found.badge.reasons[0].text}")
        evidence = _evidence(found) if measured else []
        rows.append(f"| {' | '.join([title, badge, *evidence, ', '.join(_strongest(found))])} |")
    return "\n".join([*rows, *(["", AGAINST_RANDOM] if measured else [])])


def _evidence(found: explainers.Attribution) -> list[str]:
    if found.faithfulness is None:
        return ["", ""]
    return [gain(found.faithfulness.comprehensiveness), gain(found.faithfulness.sufficiency)]


def _strongest(found: explainers.Attribution) -> Iterator[str]:
    if found.scores is None:
        return
    scores = found.scores[found.row()]
    for player in np.argsort(-np.abs(scores), kind="stable")[:STRONGEST]:
        yield f"{escaped(found.features[player].text)} {signed(float(scores[player]))}"
