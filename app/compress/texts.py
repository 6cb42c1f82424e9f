"""Texts as batches of ids of like length, for measuring and for learning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..datasets.reading.files import read_file
from ..datasets.reading.schemas import Mapping
from ..errors import BadRequest
from ..train.loop import TokenBudget
from .plan import Plan

Batch = dict[str, torch.Tensor]


def read_texts(plan: Plan, path: Path) -> list[str]:
    """Distinct texts in the order of the file, as many as are learned from at most. Raises BadRequest."""
    read = read_file(path, mapping=None if plan.text is None else Mapping(text=plan.text))
    listed = list(dict.fromkeys(row.text for row in read.rows))
    rng = np.random.default_rng(plan.seed)
    drawn = sorted(rng.permutation(len(listed))[: max(plan.learned_from, plan.measured_on)].tolist())
    if len(drawn) < 8:
        raise BadRequest(f"{path} has {len(drawn)} different texts; 8 are needed at least", cure="Give more texts.")
    return [listed[row] for row in drawn]


class Batches:
    """Batches of about so many tokens, in a new seeded order every time they are gone through."""

    def __init__(self, tokenizer: Any, texts: Sequence[str], *, maximum_length: int, tokens: int, seed: int) -> None:
        encoded = tokenizer(list(texts), truncation=True, max_length=maximum_length, padding=False)
        self.tokenizer = tokenizer
        self.rows = [{name: encoded[name][at] for name in encoded} for at in range(len(texts))]
        self.sampler = TokenBudget([len(row["input_ids"]) for row in self.rows], budget=tokens, seed=seed)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[Batch]:
        for rows in self.sampler:
            padded = self.tokenizer.pad([self.rows[row] for row in rows], return_tensors="pt")
            yield dict(padded)
