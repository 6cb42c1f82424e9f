"""Vectors of the rows by a sentence encoder, as a column beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from ..audit.data.values import Floats
from ..store.datasets import columns
from ..store.datasets import rows as datasets
from ..workbench.stored import units_of as units_of

VECTORS, ENCODER = "meaning", "meaning-of"
WHOLE, NARROW = 50_000, 64  # rows whose vectors are kept whole; the width to which those of more are projected


@dataclass(frozen=True, slots=True)
class Encoder:
    id: str
    digest: str


def narrowed(vectors: Floats, rows: int) -> Floats:
    """Vectors (n, width) of many rows are projected at random, which keeps angles but for some percent."""
    width = vectors.shape[1]
    if rows <= WHOLE or width <= NARROW:
        return vectors
    found: Floats = vectors @ (np.random.default_rng(0).normal(size=(width, NARROW)) / NARROW**0.5)
    return found


def write(session: Session, dataset: int, vectors: NDArray[Any], encoder: Encoder) -> None:
    run = datasets.runs(session, dataset)[0].serial
    body = np.frombuffer(json.dumps(asdict(encoder)).encode(), dtype=np.uint8)
    columns.write(session, run, {VECTORS: vectors, ENCODER: body})


def encoder_of(session: Session, dataset: int) -> Encoder | None:
    """None before the vectors were made."""
    runs = datasets.runs(session, dataset)[:1]
    found = columns.read(session, runs[0].serial, (ENCODER,)).get(ENCODER) if runs else None
    return None if found is None else Encoder(**json.loads(found.tobytes()))
