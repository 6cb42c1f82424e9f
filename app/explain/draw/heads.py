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
    distance: Floats  # tokens: how far away a row looks
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


def facts_of(relations: np.ndarray[Any, Any], special: Sequence[bool]) -> HeadFacts:
    """`relations` (layers, heads, tokens, tokens): rows look, columns are looked at."""
    weights = relations.astype(np.float64)
    marks = np.asarray(special, dtype=bool)
    rows = ~marks if (~marks).any() else np.ones(len(marks), dtype=bool)
    place = np.arange(weights.shape[-1])
    apart = np.abs(place[:, None] - place[None, :])
    spread = -np.sum(weights * np.log(np.maximum(weights, 1e-12)), axis=-1)
    return HeadFacts(
        entropy=spread[..., rows].mean(axis=-1),
        distance=(weights * apart).sum(axis=-1)[..., rows].mean(axis=-1),
        special=weights[..., marks].sum(axis=-1)[..., rows].mean(axis=-1),
    )


def notable(relations: np.ndarray[Any, Any], facts: HeadFacts) -> tuple[NotableHead, ...]:
    """The head that does most of each of six things."""
    weights = relations.astype(np.float64)
    size = weights.shape[-1]
    steps = {
        "before": np.mean(np.diagonal(weights, offset=-1, axis1=2, axis2=3), axis=-1) if size > 1 else facts.entropy,
        "after": np.mean(np.diagonal(weights, offset=1, axis1=2, axis2=3), axis=-1) if size > 1 else facts.entropy,
    }
    last = np.full_like(facts.special, -np.inf)
    last[-1] = 1 - facts.special[-1]
    measures: dict[Notable, Floats] = {
        "before": steps["before"],
        "after": steps["after"],
        "far": facts.distance * (1 - facts.special),
        "wide": facts.entropy,
        "special": facts.special,
        "words": last,
    }
    shown: dict[Notable, Floats] = {**measures, "far": facts.distance}
    return tuple(_most(kind, measure, shown[kind]) for kind, measure in measures.items())


def strongest(weights: np.ndarray[Any, Any], tokens: Sequence[str], count: int = LINKS) -> tuple[Link, ...]:
    """The largest weights of one head (tokens, tokens)."""
    order = np.argsort(-weights.astype(np.float64), axis=None, kind="stable")[:count]
    pairs = [np.unravel_index(flat, weights.shape) for flat in order]
    return tuple(Link(tokens[int(i)], tokens[int(j)], float(weights[i, j])) for i, j in pairs)


def thumbnails(relations: np.ndarray[Any, Any]) -> tuple[int, bytes]:
    """(side, bytes): every head as side x side bytes, 255 the weight 1; longer texts are pooled by their largest."""
    weights = relations.astype(np.float32)
    size = weights.shape[-1]
    side = min(size, THUMBNAIL)
    if side < size:
        cuts = np.linspace(0, size, side, endpoint=False).astype(int)
        weights = np.maximum.reduceat(np.maximum.reduceat(weights, cuts, axis=2), cuts, axis=3)
    return side, np.round(np.clip(weights, 0, 1) * 255).astype(np.uint8).tobytes()


def _most(kind: Notable, measure: Floats, shown: Floats) -> NotableHead:
    layer, head = np.unravel_index(int(np.argmax(measure)), measure.shape)
    return NotableHead(kind, int(layer), int(head), float(shown[layer, head]))
