"""How much goes through a model at once, by where it computes."""

from __future__ import annotations

from dataclasses import dataclass


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
