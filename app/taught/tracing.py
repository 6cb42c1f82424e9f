"""A network in the states that its training went through, and the sketches of texts in each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file
from transformers import AutoTokenizer

from ..train.data import Example
from ..train.loop import network_for
from ..train.plan import Plan
from .sketching import WIDTH, Sketcher


class Tracing:
    """plan, base: as the training had them. examples: what it learned from, in its order."""

    def __init__(self, plan: Plan, base: Path, examples: Sequence[Example], *, width: int | None = WIDTH) -> None:
        self.plan, self.examples = plan, examples
        self.network = network_for(plan, base).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(base)
        self.sketcher = Sketcher(self.network, width=width)
        self._ids = self._read([each.text for each in examples])

    def load(self, weights: Path) -> None:
        """Put the network into the state of an epoch."""
        state = {name: weight.float() for name, weight in load_file(weights).items()}
        unknown = self.network.load_state_dict(state, strict=False).unexpected_keys
        if unknown:
            raise ValueError(f"{weights.name} holds weights of another network: {unknown[0]}")

    def taught(self, progress: Callable[[float], None] = lambda share: None) -> NDArray[np.float32]:
        """Sketches (texts, width) of what was learned from, each by the loss of its label."""
        return self.sketcher.of(self._ids, [each.label for each in self.examples], self._padded(self._ids), progress)

    def asked(self, text: str, label: int) -> NDArray[np.float32]:
        """The sketch (width,) of a text by the loss of a class."""
        ids = self._read([text])
        found: NDArray[np.float32] = self.sketcher.of(ids, [label], self._padded(ids))[0]
        return found

    def _read(self, texts: Sequence[str]) -> list[list[int]]:
        found: list[list[int]] = self.tokenizer(
            list(texts), truncation=True, max_length=self.plan.fit.maximum_length, padding=False
        )["input_ids"]
        return found

    def _padded(self, ids: Sequence[Sequence[int]]) -> Callable[[list[int]], Any]:
        return lambda rows: self.tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
