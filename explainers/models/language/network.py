"""A continuing network whose passes share what is the same in all rows, and which answers with kept keys and values."""

from __future__ import annotations

import copy
from collections.abc import Generator
from typing import Any

import torch

from ...contract import Encoded
from ...game import passes
from ...game.batches import batches_on
from ...inputs.text.ids import ids_of
from ..networks.continuing import ContinuingNetwork
from ..networks.network import Passed, Rows
from ..networks.products import Quicker

FEWEST_SHARED = 4  # positions; fewer are not worth a pass of their own
FEWEST_ROWS = 4  # and rows that share them
SAME = 1e-3  # largest difference of columns with shared positions and without, in natural logarithms
CHECK_ROWS = 4


class LanguageNetwork(ContinuingNetwork):
    """A row alone is the module's own pass, so that what is served has its bits; many rows share their first positions.

    The keys and values of positions that are the same in all rows are computed once and kept until other ones are
    asked for. The first time, rows are computed both ways: where the module does not give the same, nothing is shared.
    """

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self._shares: bool | None = False if self.two_sided else None
        self._kept: tuple[bytes, Any] | None = None  # ids of the first positions, and their keys and values

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        if torch.is_grad_enabled() or rows.shape[0] == 1:
            return super().forward(rows, attentions=attentions)
        with Quicker():
            if self._shares is None and rows.shape[0] >= FEWEST_ROWS and shared_positions(rows) >= FEWEST_SHARED:
                self._shares = self._agrees(rows.parts(CHECK_ROWS)[0])
            return super().forward(rows, attentions=attentions)

    def _agrees(self, rows: Rows) -> bool:
        plain = super().forward(rows).logits
        self._shares = True
        try:
            shared = super().forward(rows).logits
        except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError):
            return False  # a module that keeps other things than keys and values
        return bool(torch.allclose(plain, shared, atol=SAME, rtol=SAME))

    def _step(self, rows: Rows) -> int:
        """Rows of one pass: shared positions cost nothing."""
        shared = shared_positions(rows) if self._shares else 0
        most = batches_on(self.device.type).tokens // (rows.shape[1] - shared + self.behind(rows))
        return max(1, min(most, self.most_rows(rows)))

    def logits_at(self, rows: Rows, wanted: torch.Tensor, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        length = shared_positions(rows) if self._shares and not torch.is_grad_enabled() else 0
        if length < FEWEST_SHARED or rows.shape[0] < FEWEST_ROWS or rows.ids is None or attentions is not None:
            return super().logits_at(rows, wanted, attentions)
        count = rows.shape[0]
        given = self.followed(rows, wanted[:-1].expand(count, -1)).arguments(self.device)
        given["input_ids"] = given["input_ids"][:, length:]
        if "position_ids" in given:
            given["position_ids"] = given["position_ids"][:, length:]
        states = copy.deepcopy(self._first_positions(rows.ids[0, :length]))
        states.batch_repeat_interleave(count)
        found: torch.Tensor = self.module(
            **given, past_key_values=states, use_cache=True, logits_to_keep=len(wanted)
        ).logits
        return found

    def _first_positions(self, ids: torch.Tensor) -> Any:
        """Keys and values of the first positions, as the module keeps them."""
        key = ids.cpu().numpy().tobytes()
        if self._kept is None or self._kept[0] != key:
            found = self.module(input_ids=ids[None].to(self.device), use_cache=True, logits_to_keep=1)
            self._kept = (key, found.past_key_values)
        return self._kept[1]

    def spoken(self, prompt: Encoded) -> Generator[torch.Tensor, int, None]:
        """Log-probabilities (vocabulary,) of the next token, in float64; send the id of the one that is said."""
        ids = torch.from_numpy(ids_of(prompt).ids)[None].to(self.device)
        given: dict[str, Any] = {"input_ids": ids}
        if self.two_sided:
            with torch.inference_mode():
                passes.begins(1)
                given = {"encoder_outputs": self.module.get_encoder()(input_ids=ids)}
            given["attention_mask"] = torch.ones_like(ids)
            given["decoder_input_ids"] = torch.tensor([[self.module.config.decoder_start_token_id]], device=self.device)
        states = None
        while True:
            passes.begins(1)
            with torch.inference_mode():  # never while whoever listens works
                found = self.module(**given, past_key_values=states, use_cache=True)
                states = found.past_key_values
                odds = found.logits[0, -1].double().log_softmax(dim=-1)
            said = yield odds
            given["decoder_input_ids" if self.two_sided else "input_ids"] = torch.tensor([[said]], device=self.device)


def shared_positions(rows: Rows) -> int:
    """First positions that are the same in all rows and seen in all, at most all but the last."""
    if rows.ids is None:
        return 0
    same = (rows.ids == rows.ids[:1]).all(dim=0)
    if rows.seen is not None:
        same &= rows.seen.all(dim=0)
    different = (~same).nonzero()
    length = int(different[0]) if len(different) else rows.shape[1]
    return min(length, rows.shape[1] - 1)


def half_of(network: LanguageNetwork) -> LanguageNetwork:
    """The network with its layers in bf16."""
    from ..networks.half import half_copy

    return LanguageNetwork(half_copy(network.module))
