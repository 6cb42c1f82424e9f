"""How much goes through a model at once, by where it computes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..contract import Arithmetic, BoolArray

STEP = 8  # rows
# A pass with fewer may multiply by another kernel, which sums in another order (docs/decisions/0019): rows in fp32,
# in bf16 a share of the tokens of a full pass.
LEAST_ROWS, LEAST_SHARE = 16, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """In tokens, rows x length, but for `rows`.

    tokens: a pass without gradients, which is how long whoever wants to stop it waits, and every prediction that comes
    in between. rows: masked evaluations in one pass at most. gradients: a pass with them, which takes three times as
    long and holds every layer's states: about 0.6 MB a token for BERT-base, half as much again at 512 tokens.
    """

    tokens: int
    rows: int
    gradients: int


# Cache-sized: in fp32 larger passes were slower on two cores, in bf16 3 to 4 % faster (docs/decisions/0008). A small
# encoder takes less than 100 ms for one.
PROCESSOR = Batches(tokens=1280, rows=128, gradients=1024)
# Enough rows at once to fill a device; not measured on one.
ACCELERATOR = Batches(tokens=32768, rows=1024, gradients=16384)


def batches_on(device: str) -> Batches:
    return PROCESSOR if device == "cpu" else ACCELERATOR


@dataclass(frozen=True, slots=True)
class Pass:
    """Rows of one pass at most and at least. Within these bounds a row has the same bits whatever else the pass holds,
    on processors where `Model.shares` says so."""

    most: int
    least: int

    def parts(self, rows: int) -> Iterator[tuple[int, int]]:
        """(start, stop) of each pass, so many rows shared out evenly in multiples of eight."""
        passes = -(-rows // self.most)
        size = min(self.most, -(-rows // (passes * STEP)) * STEP) if passes else 1
        for start in range(0, rows, size):
            yield start, min(rows, start + size)

    def filled(self, rows: int) -> int:
        """Rows of the pass that so many are put in, the next multiple of eight: every new shape costs a new kernel."""
        return min(self.most, max(self.least, -(-rows // STEP) * STEP))

    def padded(self, keep: BoolArray) -> BoolArray:
        """Rows repeated until their pass is filled."""
        return keep[np.arange(self.filled(len(keep))) % len(keep)]


def batch_for(tokens: int, *, device: str = "cpu") -> int:
    """Rows of so many tokens a pass, a multiple of eight: the same on every machine, so that results are."""
    most = batches_on(device)
    return min(most.rows, max(1, most.tokens // tokens // STEP) * STEP)


def pass_for(tokens: int, precision: Arithmetic, *, device: str = "cpu") -> Pass:
    """The pass of rows of so many tokens."""
    most = batch_for(tokens, device=device)
    if device != "cpu":
        return Pass(most=most, least=STEP)
    half = -(-batches_on(device).tokens // (LEAST_SHARE * tokens * STEP)) * STEP
    return Pass(most=most, least=min(most, LEAST_ROWS if precision == "fp32" else max(LEAST_ROWS, half)))
