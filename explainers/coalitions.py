"""The shared table of masked evaluations: what the model says when only some players are kept.

Shapley values, LIME, leave-one-out and the faithfulness measures all ask this one question. The table holds each
coalition once, for all classes, so that no row goes through the model twice, whoever asks.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from .base import Encoded, Progress, silent
from .types import BoolArray, FloatArray

BATCH = 64  # cache-sized: larger batches were slower on two cores


class CoalitionTable:
    """Coalitions of one input's players and the logits they get, (rows, labels) in float64.

    The whole and the empty coalition are evaluated alone and in fp32; `whole` is the served prediction itself.
    Batches are shaped by the input and the order of the questions alone, so the same questions give the same bits.
    """

    def __init__(
        self,
        model: Any,
        inputs: Encoded,
        *,
        precision: Literal["fp32", "bf16"] = "fp32",
        batch: int = BATCH,
        progress: Progress = silent,
        whole: FloatArray | None = None,
    ) -> None:
        self.model = model
        self.inputs = inputs
        self.players = len(inputs.features)
        self.precision: Literal["fp32", "bf16"] = precision
        self.batch = batch
        self.progress = progress
        self.batches: list[int] = []  # rows of each batch that went through the model
        self._index: dict[bytes, int] = {}
        self._rows: list[FloatArray] = []
        all_kept = np.ones((1, self.players), dtype=bool)
        self.whole = model.predict([inputs]) if whole is None else whole  # (1, labels)
        self._remember(all_kept, self.whole)

    @property
    def evaluations(self) -> int:
        """Distinct coalitions evaluated so far."""
        return len(self._rows)

    @property
    def empty(self) -> FloatArray:
        """Logits (1, labels) with every player replaced by the baseline, fp32."""
        return self.logits(np.zeros((1, self.players), dtype=bool), precision="fp32")

    def leave_one_out(self) -> FloatArray:
        """Logits (players, labels) with one player absent each, fp32."""
        return self.logits(~np.eye(self.players, dtype=bool), precision="fp32")

    def logits(self, keep: BoolArray, *, precision: Literal["fp32", "bf16"] | None = None) -> FloatArray:
        """Logits (rows, labels) of the coalitions `keep` (rows, players); only unknown ones are evaluated.

        Raises Cancelled through the progress callback, between batches; what was evaluated stays.
        """
        keys = [row.tobytes() for row in np.packbits(keep, axis=1)]
        fresh: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if key not in self._index:
                fresh.setdefault(key, position)
        if fresh:
            self._evaluate(keep[list(fresh.values())], precision or self.precision)
        return np.stack([self._rows[self._index[key]] for key in keys]) if keys else self.whole[:0]

    def _evaluate(self, keep: BoolArray, precision: Literal["fp32", "bf16"]) -> None:
        for start in range(0, len(keep), self.batch):
            self.progress(start / len(keep), f"{start} of {len(keep)} evaluations")
            chunk = keep[start : start + self.batch]
            found = self.model.outputs(self.inputs, _padded(chunk, self.batch), precision=precision)
            self.batches.append(len(chunk))
            self._remember(chunk, found[: len(chunk)])

    def _remember(self, keep: BoolArray, logits: FloatArray) -> None:
        for key, row in zip(np.packbits(keep, axis=1), logits, strict=True):
            self._index[key.tobytes()] = len(self._rows)
            self._rows.append(np.asarray(row, dtype=np.float64))


def _padded(keep: BoolArray, batch: int) -> BoolArray:
    """Rows repeated up to the next power of two: every new batch shape costs the processor a new kernel."""
    rows = 1
    while rows < len(keep):
        rows *= 2
    return keep[np.arange(min(rows, batch)) % len(keep)]
