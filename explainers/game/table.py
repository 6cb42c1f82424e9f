"""The shared table of masked evaluations: what the model says when only some players are kept.

Shapley values, LIME, leave-one-out and the faithfulness measures all ask this one question. The table holds each
coalition once, for all classes, so that no row goes through the model twice, whoever asks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from ..contract import Arithmetic, BoolArray, Encoded, FloatArray, Model, Progress, silent
from .batches import STEP, Pass, pass_for
from .sampling import EXACT_PLAYERS


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
        self._by_window: dict[Arithmetic, dict[bytes, FloatArray]] = {"fp32": {}, "bf16": {}}  # (windows, columns)
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
        for rows, arithmetic in self.unknown(keep, precision=precision):
            self.ask(rows, arithmetic)
        wanted = precision or self.precision
        found = [self._known(key, wanted) for key in _keys(keep)]
        return np.array(found) if found else self.whole[:0]

    def unknown(
        self, keep: BoolArray, *, precision: Arithmetic | None = None
    ) -> Iterator[tuple[BoolArray, Arithmetic]]:
        """Rows to put to the model before `logits` knows all of these, with their arithmetic: with the first coalitions
        the empty and the leave-one-out ones. None twice."""
        wanted = precision or self.precision
        coming: set[bytes] = set()
        if not self.batches and len(keep):
            anchors = self.anchors()
            coming = set(_keys(anchors))
            yield anchors, "fp32"
        fresh: dict[bytes, int] = {}
        for position, key in enumerate(_keys(keep)):
            if key not in coming and self._known(key, wanted) is None:
                fresh.setdefault(key, position)
        if fresh:
            yield keep[list(fresh.values())], wanted

    def ask(self, keep: BoolArray, precision: Arithmetic) -> None:
        """Puts these rows to the model by themselves."""
        shape = self._pass_for(len(keep), precision)
        for start, stop in shape.parts(len(keep)):
            self.progress(start / len(keep), f"{start} of {len(keep)} evaluations")
            chunk = keep[start:stop]
            if self.inputs.windows:
                self._take_windows(chunk, shape.padded(chunk), precision)
                continue
            found = self.model.outputs(self.inputs, shape.padded(chunk), precision=precision)
            self.take(chunk, found[: len(chunk)], precision)

    def _take_windows(self, keep: BoolArray, padded: BoolArray, precision: Arithmetic) -> None:
        found = self.model.outputs_by_window(self.inputs, padded, precision=precision)[:, : len(keep)]
        for key, each in zip(_keys(keep), found.transpose(1, 0, 2), strict=True):
            self._by_window[precision][key] = each
        self.take(keep, found.mean(axis=0), precision)

    def by_window(self, keep: BoolArray) -> FloatArray | None:
        """Columns (windows, rows, columns) of coalitions that are known; None where windows are not known apart."""
        found = []
        for key in _keys(keep):
            each = self._by_window["fp32"].get(key)
            each = self._by_window[self.precision].get(key) if each is None else each
            if each is None:
                return None
            found.append(each)
        return np.array(found).transpose(1, 0, 2) if found else None

    def take(self, keep: BoolArray, logits: FloatArray, precision: Arithmetic) -> None:
        """Remembers what the model said of rows that were put to it."""
        self.batches.append(len(keep))
        self._remember(keep, logits, precision)

    def _known(self, key: bytes, wanted: Arithmetic) -> FloatArray | None:
        exact = self._rows["fp32"].get(key)
        return self._rows["bf16"].get(key) if exact is None and wanted == "bf16" else exact

    def anchors(self) -> BoolArray:
        """The empty and the leave-one-out coalitions, which every table knows in fp32."""
        rows = np.concatenate([np.zeros((1, self.players), dtype=bool), ~np.eye(self.players, dtype=bool)])
        return rows if self.players > 1 else rows[:1]

    def _pass_for(self, asked: int, precision: Arithmetic) -> Pass:
        """A long text with few players is asked at once, so that coalitions equal within a window are evaluated
        once."""
        if self._batch is not None:
            return Pass(most=self._batch, least=1)
        if self.inputs.windows and self.players <= EXACT_PLAYERS:
            return Pass(most=-(-asked // STEP) * STEP, least=1)
        return pass_for(self.inputs.size, precision, device=self.model.device)

    def _remember(self, keep: BoolArray, logits: FloatArray, precision: Arithmetic) -> None:
        for key, row in zip(_keys(keep), logits, strict=True):
            self._rows[precision][key] = np.asarray(row, dtype=np.float64)


def _keys(keep: BoolArray) -> list[bytes]:
    """A key for each coalition of `keep` (rows, players), by which its row is known."""
    return [row.tobytes() for row in np.packbits(keep, axis=1)]
