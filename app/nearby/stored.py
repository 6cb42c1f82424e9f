"""Vectors of the rows by a sentence encoder, as a column beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from ..store.datasets import columns
from ..store.datasets import rows as datasets

VECTORS, ENCODER = "meaning", "meaning-of"
WHOLE = 50_000  # rows whose vectors are kept as they are


@dataclass(frozen=True, slots=True)
class Encoder:
    id: str
    digest: str


def write(session: Session, dataset: int, vectors: NDArray[Any], encoder: Encoder) -> None:
    run = datasets.runs(session, dataset)[0].serial
    body = np.frombuffer(json.dumps(asdict(encoder)).encode(), dtype=np.uint8)
    columns.write(session, run, {VECTORS: vectors, ENCODER: body})


def encoder_of(session: Session, dataset: int) -> Encoder | None:
    """None before the vectors were made."""
    runs = datasets.runs(session, dataset)[:1]
    found = columns.read(session, runs[0].serial, (ENCODER,)).get(ENCODER) if runs else None
    return None if found is None else Encoder(**json.loads(found.tobytes()))
