"""Nearest vectors by the cosine, over blocks of rows that need not be in memory together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audit.data.values import Floats


def nearest(
    blocks: Iterable[NDArray[Any]], asked: Floats, *, count: int, but: int | None = None
) -> list[tuple[int, float]]:
    """Row numbers and cosines of the `count` vectors nearest to `asked` (width,), the nearest first; equal ones in the
    order of their rows. blocks: (rows, width) each, of vectors of length 1; a row with NaN is near to none. but: a row
    that is left out."""
    unit = asked / np.linalg.norm(asked)
    rows, cosines = np.zeros(0, dtype=np.int64), np.zeros(0)
    start = 0
    for block in blocks:
        near = block.astype(np.float32) @ unit.astype(np.float32)
        known = np.flatnonzero(~np.isnan(near))
        known = known[known + start != (-1 if but is None else but)]
        rows = np.concatenate([rows, known + start])
        cosines = np.concatenate([cosines, near[known].astype(np.float64)])
        kept = np.lexsort((rows, -cosines))[:count]
        rows, cosines = rows[kept], cosines[kept]
        start += len(block)
    return list(zip(rows.tolist(), np.clip(cosines, -1, 1).tolist(), strict=True))
