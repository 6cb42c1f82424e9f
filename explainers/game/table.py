"""The shared table of masked evaluations: what the model says when only some players are kept.

Shapley values, LIME, leave-one-out and the faithfulness measures all ask this one question. The table holds each
coalition once, for all classes, so that no row goes through the model twice, whoever asks.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from ..contract import Arithmetic, BoolArray, Encoded, FloatArray, Model, Progress, silent
from .batches import batches_on
from .sampling import EXACT_PLAYERS

STEP = 8  # rows


class CoalitionTable:
    """Coalitions of one input's players and the columns that the output needs of each, (rows, columns) in float64.

    Of a classifier they are its logits: every class and every value function is read from one table.

    `whole` is the served prediction itself. The empty and the leave-one-out coalitions come first and in fp32, whoever
    asks; batches are shaped by the input and the order of the questions alone: the same question gives the same bits.
    """

    def __init__(
        self,
        model: Model,
        inputs: Encoded,
        *,
        precision: Arithmetic = "fp32",
        batch: int | None = None,
        progress: Progress = silent,
        whole: FloatArray | None = None,
    ) -> None:
        self.model = model
        self.inputs = inputs
        self.players = len(inputs.features)
        self.precision: Arithmetic = precision
        self._batch = batch
        self.progress = progress
        self.samples: dict[Hashable, Any] = {}  # what stopping.py found, for whoever asks next
        self.batches: list[int] = []  # rows of each batch that went through the model
        self._rows: dict[Arithmetic, dict[bytes, FloatArray]] = {"fp32": {}, "bf16": {}}
        self.whole = model.predict([inputs]) if whole is None else whole  # (1, labels)
        self._remember(np.ones((1, self.players), dtype=bool), self.whole, "fp32")

    @property
    def evaluations(self) -> int:
        """Rows that went through the model so far, the served prediction among them."""
        return 1 + sum(self.batches)

    @property
    def complete(self) -> bool:
        """Every coalition has been evaluated, in one arithmetic or the other."""
        known: int = len(self._rows["fp32"].keys() | self._rows["bf16"].keys())
        return known == 1 << self.players

    @property
    def empty(self) -> FloatArray:
        """Logits (1, labels) with every player replaced by the baseline, fp32."""
        return self.logits(np.zeros((1, self.players), dtype=bool), precision="fp32")

    def leave_one_out(self) -> FloatArray:
        """Logits (players, labels) with one player absent each, fp32."""
        return self.logits(~np.eye(self.players, dtype=bool), precision="fp32")

    def logits(self, keep: BoolArray, *, precision: Arithmetic | None = None) -> FloatArray:
        """Logits (rows, labels) of the coalitions `keep` (rows, players); only unknown ones are evaluated.

        In a bf16 table a row that is known in fp32 serves both; precision="fp32" asks for one to show as a prediction.
        Raises Cancelled through the progress callback, between batches; what was evaluated stays.
        """
        if not self.batches and len(keep):
            self._anchor()
        wanted = precision or self.precision
        keys = [row.tobytes() for row in np.packbits(keep, axis=1)]
        fresh: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if self._known(key, wanted) is None:
                fresh.setdefault(key, position)
        if fresh:
            self._evaluate(keep[list(fresh.values())], wanted)
        found = [self._known(key, wanted) for key in keys]
        return np.array(found) if found else self.whole[:0]

    def _known(self, key: bytes, wanted: Arithmetic) -> FloatArray | None:
        exact = self._rows["fp32"].get(key)
        return self._rows["bf16"].get(key) if exact is None and wanted == "bf16" else exact

    def _anchor(self) -> None:
        rows = np.concatenate([np.zeros((1, self.players), dtype=bool), ~np.eye(self.players, dtype=bool)])
        self._evaluate(rows if self.players > 1 else rows[:1], "fp32")

    def _evaluate(self, keep: BoolArray, precision: Arithmetic) -> None:
        batch = self._batch or self._rows_at_once(len(keep))
        for start in range(0, len(keep), batch):
            self.progress(start / len(keep), f"{start} of {len(keep)} evaluations")
            chunk = keep[start : start + batch]
            found = self.model.outputs(self.inputs, _padded(chunk, batch), precision=precision)
            self.batches.append(len(chunk))
            self._remember(chunk, found[: len(chunk)], precision)

    def _rows_at_once(self, asked: int) -> int:
        """Rows per pass. A long text with few players is asked at once, so that coalitions equal within a window are
        evaluated once."""
        if self.inputs.windows and self.players <= EXACT_PLAYERS:
            return asked
        return batch_for(self.inputs.size, device=self.model.device)

    def _remember(self, keep: BoolArray, logits: FloatArray, precision: Arithmetic) -> None:
        for key, row in zip(np.packbits(keep, axis=1), logits, strict=True):
            self._rows[precision][key.tobytes()] = np.asarray(row, dtype=np.float64)


def batch_for(tokens: int, *, device: str = "cpu") -> int:
    """Rows of so many tokens a batch, a multiple of eight: the same on every machine, so that results are."""
    most = batches_on(device)
    return min(most.rows, max(1, most.tokens // tokens // STEP) * STEP)


def _padded(keep: BoolArray, batch: int) -> BoolArray:
    """Rows repeated up to the next multiple of eight: every new batch shape costs the processor a new kernel."""
    rows = -(-len(keep) // STEP) * STEP
    return keep[np.arange(min(rows, batch)) % len(keep)]
