"""Attention in numbers: what each head does, which are worth a look, and small pictures of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

THUMBNAIL = 32  # cells a side at most: a thumbnail is shown on some thirty pixels
LINKS = 15
Notable = Literal["before", "after", "far", "wide", "special", "words"]
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """Arrays (layers, heads), means over the rows of all tokens that are not special."""

    entropy: Floats  # nats: how widely a row spreads its weight
    distance: Floats | None  # tokens: how far away a row looks; None where it looks at another text
    special: Floats  # share of the weight on special tokens

    @property
    def layers(self) -> int:
        return int(self.entropy.shape[0])

    @property
    def heads(self) -> int:
        return int(self.entropy.shape[1])


@dataclass(frozen=True, slots=True)
class NotableHead:
    kind: Notable
    layer: int
    head: int
    value: float


@dataclass(frozen=True, slots=True)
class Link:
    source: str
    target: str
    weight: float


def facts_of(
    relations: np.ndarray[Any, Any], special: Sequence[bool], *, looking: Sequence[bool] | None = None
) -> HeadFacts:
    """`relations` (layers, heads, tokens, tokens): rows look, columns are looked at.

    special: which columns are special tokens. looking: which rows are, where they are those of another text.
    """
    weights = relations.astype(np.float64)
    marks, own = (np.asarray(each, dtype=bool) for each in (special, special if looking is None else looking))
    rows = ~own if (~own).any() else np.ones(len(own), dtype=bool)
    spread = -np.sum(weights * np.log(np.maximum(weights, 1e-12)), axis=-1)
    return HeadFacts(
        entropy=spread[..., rows].mean(axis=-1),
        distance=_distance(weights)[..., rows].mean(axis=-1) if looking is None else None,
        special=weights[..., marks].sum(axis=-1)[..., rows].mean(axis=-1),
    )


def _distance(weights: Floats) -> Floats:
    """(layers, heads, tokens): how many tokens away each row looks, on average."""
    place = np.arange(weights.shape[-1])
    found: Floats = (weights * np.abs(place[:, None] - place[None, :])).sum(axis=-1)
    return found


def notable(relations: np.ndarray[Any, Any], facts: HeadFacts) -> tuple[NotableHead, ...]:
    """The head that does most of each of six things; of another text of three: what lies before, after or far off is
    said of one text alone."""
    last = np.full_like(facts.special, -np.inf)
    last[-1] = 1 - facts.special[-1]
    measures: dict[Notable, Floats] = {"wide": facts.entropy, "special": facts.special, "words": last}
    shown = dict(measures)
    if facts.distance is not None:
        measures = {**_steps(relations, facts), "far": facts.distance * (1 - facts.special), **measures}
        shown = {**measures, "far": facts.distance}
    return tuple(_most(kind, measure, shown[kind]) for kind, measure in measures.items())


def _steps(relations: np.ndarray[Any, Any], facts: HeadFacts) -> dict[Notable, Floats]:
    """The mean weight (layers, heads) on the token before and on the one after; of one token the spread."""
    weights = relations.astype(np.float64)
    if weights.shape[-1] == 1:
        return {"before": facts.entropy, "after": facts.entropy}
    before, after = (np.mean(np.diagonal(weights, offset=side, axis1=2, axis2=3), axis=-1) for side in (-1, 1))
    return {"before": before, "after": after}


def strongest(
    weights: np.ndarray[Any, Any], tokens: Sequence[str], count: int = LINKS, *, looking: Sequence[str] = ()
) -> tuple[Link, ...]:
    """The largest weights of one head (tokens, tokens); `looking` names the rows where they are other tokens."""
    order = np.argsort(-weights.astype(np.float64), axis=None, kind="stable")[:count]
    pairs = [np.unravel_index(flat, weights.shape) for flat in order]
    return tuple(Link((looking or tokens)[int(i)], tokens[int(j)], float(weights[i, j])) for i, j in pairs)


def thumbnails(relations: np.ndarray[Any, Any]) -> tuple[tuple[int, int], bytes]:
    """((rows, columns), bytes): every head as so many bytes, 255 the weight 1; longer texts are pooled by their
    largest."""
    weights = relations.astype(np.float32)
    for axis in (2, 3):
        size = weights.shape[axis]
        if size > THUMBNAIL:
            cuts = np.linspace(0, size, THUMBNAIL, endpoint=False).astype(int)
            weights = np.maximum.reduceat(weights, cuts, axis=axis)
    rows, columns = weights.shape[2:]
    return (rows, columns), np.round(np.clip(weights, 0, 1) * 255).astype(np.uint8).tobytes()


def _most(kind: Notable, measure: Floats, shown: Floats) -> NotableHead:
    layer, head = np.unravel_index(int(np.argmax(measure)), measure.shape)
    return NotableHead(kind, int(layer), int(head), float(shown[layer, head]))
