"""How much goes through a model at once, by where it computes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """In tokens, rows x length, but for `rows`.

    fp32, bf16: masked evaluations in one batch, of at most so many rows. one_pass: any pass without gradients, which
    bounds memory, and how long whoever wants to stop it waits. gradients: one with them, which takes three times as
    long and holds every layer's states: about 0.6 MB a token for BERT-base. bulk: many predictions for
    which nobody waits.
    """

    fp32: int
    bf16: int
    rows: int
    one_pass: int
    gradients: int
    bulk: int


# Cache-sized: larger batches were slower on two cores (docs/decisions/0008). `bulk` takes a small encoder on one core
# about 100 ms, and so long an interactive question waits at most.
PROCESSOR = Batches(fp32=1024, bf16=2560, rows=128, one_pass=2560, gradients=1024, bulk=1024)
# Enough rows at once to fill a device; not measured on one.
ACCELERATOR = Batches(fp32=32768, bf16=32768, rows=1024, one_pass=32768, gradients=16384, bulk=32768)


def batches_on(device: str) -> Batches:
    return PROCESSOR if device == "cpu" else ACCELERATOR
