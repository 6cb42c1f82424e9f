"""A language model that chooses among phrases: the log-probability of each, after the same prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...contract import Encoded, FloatArray, Ids
from ...inputs.text.ids import ids_of
from ..networks.network import Network, Rows
from .network import LanguageNetwork


class ChoosingNetwork(LanguageNetwork):
    """Columns are the log-probabilities of the phrases, one a class.

    Phrases that differ in their last token only share a pass. normalised: each is divided by its tokens. prior: what is
    taken off, one number a class.
    """

    def __init__(
        self, module: Any, phrases: Sequence[Ids], *, normalised: bool, prior: FloatArray | None = None
    ) -> None:
        super().__init__(module)
        self.phrases = tuple(phrases)
        self.normalised = normalised
        self.prior = np.zeros(len(phrases)) if prior is None else prior
        self._longest = torch.from_numpy(max(phrases, key=len))
        self._alike: dict[bytes, list[int]] = {}
        for number, phrase in enumerate(phrases):
            self._alike.setdefault(phrase[:-1].tobytes(), []).append(number)

    def around(self, module: Any) -> ChoosingNetwork:
        return ChoosingNetwork(module, self.phrases, normalised=self.normalised, prior=self.prior)

    def rows(self, inputs: Encoded, *, ids: Ids | None = None, embeddings: torch.Tensor | None = None) -> Rows:
        """Rows of prompts; the longest phrase stands for what follows each."""
        return replace(Network.rows(self, inputs, ids=ids, embeddings=embeddings), continued=self._longest)

    def columns(self, rows: Rows, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        """(rows, classes), in float64; attentions are not asked for."""
        found: list[Any] = [None] * len(self.phrases)
        for members in self._alike.values():
            wanted = torch.from_numpy(self.phrases[members[0]]).to(self.device)
            logits = self.logits_at(rows, wanted)  # (rows, tokens, vocabulary)
            if len(logits) == 1 or torch.is_grad_enabled():
                logits = logits.double()
            odds = logits.log_softmax(dim=-1)
            before = wanted[:-1].expand(len(odds), -1)[..., None]
            begun = odds[:, :-1].gather(-1, before).double().sum(dim=(1, 2))
            for number in members:
                found[number] = begun + odds[:, -1, int(self.phrases[number][-1])].double()
        joined = torch.stack(found, dim=1)
        if self.normalised:
            joined = joined / self.tensor(np.array([float(len(phrase)) for phrase in self.phrases]))
        return joined - self.tensor(self.prior)

    def padded(self, inputs: Sequence[Encoded]) -> Rows:
        """Prompts of several lengths as rows of one: where they begin to differ, places that nobody looks at.

        Positions are numbered without them, so that each row reads what it reads alone.
        """
        lines = [ids_of(each).ids for each in inputs]
        longest, shortest = (f(map(len, lines)) for f in (max, min))
        firsts = np.stack([line[:shortest] for line in lines])
        same = (firsts == firsts[:1]).all(axis=0)
        at = int(same.argmin()) if not same.all() else shortest - 1
        ids = np.zeros((len(lines), longest), dtype=np.int64)
        seen = np.ones((len(lines), longest), dtype=bool)
        for row, line in enumerate(lines):
            gap = longest - len(line)
            ids[row] = np.concatenate([line[:at], np.full(gap, line[0]), line[at:]])
            seen[row, at : at + gap] = False
        positions = np.maximum(seen.cumsum(axis=1) - 1, 0)
        return Rows(
            ids=torch.from_numpy(ids),
            seen=torch.from_numpy(seen),
            positions=torch.from_numpy(positions),
            pooled=0,
            continued=self._longest,
        )
