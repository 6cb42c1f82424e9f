"""How similar two texts are: one number, an inner product of what an encoder makes of each."""

from __future__ import annotations

from dataclasses import dataclass

from .numbers import Numbers

LABEL = "similarity"


@dataclass(frozen=True)
class Similarity(Numbers):
    """An Output whose one column is the score of the pair, as `output`."""

    labels: tuple[str, ...] = (LABEL,)
