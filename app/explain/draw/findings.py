"""Findings of some methods beside scores: interactions of pairs, layers, edits. Words are chosen in the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ask.schemas import ExplanationOut

STEPS = 5
STRONGEST = 5
RING = 120  # radius of the network
WORTH_DRAWING = 0.03  # of the largest number: thinner lines only cover the others
WORTH_SHOWING = 0.01  # of the largest number of the matrix


@dataclass(frozen=True, slots=True)
class Pair:
    first: str
    second: str
    value: float


@dataclass(frozen=True, slots=True)
class Node:
    """A part in the network: where its dot and its name stand, and what it does alone."""

    text: str
    x: float
    y: float
    name_x: float
    name_y: float
    anchor: str  # of the name: start, middle, end
    step: int
    radius: float


@dataclass(frozen=True, slots=True)
class Edge:
    """Interaction of two parts, as a line bent towards the middle; its width is the size."""

    path: str
    step: int
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    parts: tuple[str, ...]
    rows: tuple[tuple[tuple[float, int], ...], ...]  # (value, step of colour) for each two parts
    strongest: tuple[Pair, ...]
    unit: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLine:
    number: int  # 0: the embeddings
    reading: float
    height: float  # of its bar, −1 … 1
    pooled: float | None  # share of the change that passes through the position that the classifier reads
    parts: float  # share that passes through the words
    strongest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLine:
    removed: tuple[str, ...]
    put: tuple[str, ...]  # what stands there instead; none where the parts are removed
    label: str | None  # None for a regression, as is every probability
    probability: float | None
    output: float
    text: str
    text_pair: str | None
    deleted_label: str | None
    deleted_probability: float | None
    deleted_output: float | None  # None where nothing is left to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    interactions: Interactions | None
    layers: tuple[LayerLine, ...]
    edits: tuple[EditLine, ...]


def findings_of(explanations: Sequence[ExplanationOut], target: int) -> Findings:
    """Interactions, layers and edits, each of the first explanation that has it."""
    pairs = next((found for found in explanations if found.interactions is not None), None)
    deep = next((found for found in explanations if found.layers is not None), None)
    edited = next((found for found in explanations if found.edits), None)
    return Findings(
        interactions=None if pairs is None else _interactions(pairs, pairs.row(target)),
        layers=() if deep is None else _layers(deep, deep.row(target)),
        edits=() if edited is None else tuple(_edit(edited, edit) for edit in edited.edits),
    )


def _interactions(found: ExplanationOut, row: int) -> Interactions:
    assert found.interactions is not None
    matrix = found.interactions[row]
    top = float(np.abs(matrix).max())
    texts = tuple(feature.text for feature in found.features)
    first, second = np.triu_indices(len(texts), k=1)
    sizes = np.abs(matrix[first, second])
    order = [at for at in np.argsort(-sizes, kind="stable")[:STRONGEST] if sizes[at] > WORTH_SHOWING * top]
    return Interactions(
        parts=texts,
        rows=tuple(tuple((float(v), round(STEPS * float(v) / top) if top else 0) for v in line) for line in matrix),
        strongest=tuple(
            Pair(texts[first[at]], texts[second[at]], float(matrix[first[at], second[at]])) for at in order
        ),
        unit=found.unit,
        nodes=_nodes(texts, np.diag(matrix), top),
        edges=_edges(matrix, top),
    )


def _places(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(count, 2) on the unit circle, the first at the top, clockwise as the text is read."""
    angles = 2 * np.pi * np.arange(count) / max(count, 1) - np.pi / 2
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _nodes(texts: tuple[str, ...], alone: Any, top: float) -> tuple[Node, ...]:
    out = []
    for text, (x, y), value in zip(texts, _places(len(texts)), alone, strict=True):
        share = float(value) / top if top else 0.0
        anchor = "middle" if abs(x) < 0.2 else "start" if x > 0 else "end"
        beside = RING + 18
        out.append(
            Node(text, RING * x, RING * y, beside * x, beside * y, anchor, round(STEPS * share), 4 + 6 * abs(share))
        )
    return tuple(out)


def _edges(matrix: Any, top: float) -> tuple[Edge, ...]:
    """The strongest last, so that it lies above the others."""
    places = RING * _places(len(matrix))
    first, second = np.triu_indices(len(matrix), k=1)
    shares = matrix[first, second] / top if top else np.zeros(len(first))
    return tuple(
        Edge(
            "M {:.1f} {:.1f} Q {:.1f} {:.1f} {:.1f} {:.1f}".format(
                *places[first[at]], *(places[first[at]] + places[second[at]]) / 5, *places[second[at]]
            ),
            round(STEPS * float(shares[at])) or (1 if shares[at] > 0 else -1),
            1 + 6 * abs(float(shares[at])),
        )
        for at in np.argsort(np.abs(shares), kind="stable")
        if abs(shares[at]) > WORTH_DRAWING
    )


def _layers(found: ExplanationOut, row: int) -> tuple[LayerLine, ...]:
    layers = found.layers
    assert layers is not None
    assert found.baseline_output is not None
    highest = float(np.abs(layers.readings[row]).max()) or 1.0
    change = float(found.output[row] - found.baseline_output[row]) or 1.0
    return tuple(
        LayerLine(
            number=number,
            reading=float(reading),
            height=float(reading) / highest,
            pooled=None if layers.pooled is None else float(layers.pooled[row, number]) / change,
            parts=float(parts.sum()) / change,
            strongest=found.features[int(np.abs(parts).argmax())].text if parts.any() else "",
        )
        for number, (reading, parts) in enumerate(zip(layers.readings[row], layers.parts[row], strict=True))
    )


def _edit(found: ExplanationOut, edit: Any) -> EditLine:
    after = edit.deleted_predicted
    return EditLine(
        removed=tuple(found.features[player].text for player in edit.players),
        put=edit.replacements,
        label=None if edit.predicted is None else edit.predicted.label,
        probability=edit.probability,
        output=edit.output,
        text=edit.text,
        text_pair=edit.text_pair,
        deleted_label=None if after is None else after.label,
        deleted_probability=edit.deleted_probability,
        deleted_output=edit.deleted_output,
    )
