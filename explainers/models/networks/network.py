"""Running the network: rows of equal length in, logits in float64 out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
import torch

from ...contract import Encoded, FloatArray, WordOutput
from ...errors import Incompatible
from ...game import passes
from ...game.batches import batches_on
from ...inputs.text.ids import absent_ids, ids_of
from ..architectures import READ_LAST
from .device import Array, to_array
from .products import Quicker

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Inputs of equal length, as ids or as word embeddings (rows, tokens[, width]); the rest is the same for all.

    Embeddings are where the network is; all else waits on the processor until the pass.
    """

    ids: torch.Tensor | None = None
    embeddings: torch.Tensor | None = None
    segments: torch.Tensor | None = None  # (tokens,)
    positions: torch.Tensor | None = None  # (tokens,), or (rows, tokens) where rows differ
    pooled: int  # the position whose last state the head reads
    continued: torch.Tensor | None = None  # (tokens,) ids that follow each row, of a model that continues it
    against: torch.Tensor | None = None  # (tokens,) other ids that could follow
    together: bool = False  # what follows is also taken as one
    seen: torch.Tensor | None = None  # (rows, tokens) False where no position looks; None: all are seen

    @property
    def shape(self) -> tuple[int, int]:
        held = self.ids if self.ids is not None else self.embeddings
        assert held is not None
        return held.shape[0], held.shape[1]

    def chunks(self, most_tokens: int) -> list[Self]:
        """The rows in order, in chunks of at most so many tokens; a chunk has at least one row."""
        return self.parts(max(1, most_tokens // self.shape[1]))

    def parts(self, step: int) -> list[Self]:
        """The rows in order, so many at once."""
        return [
            replace(
                self,
                ids=None if self.ids is None else self.ids[at : at + step],
                embeddings=None if self.embeddings is None else self.embeddings[at : at + step],
                seen=None if self.seen is None else self.seen[at : at + step],
                positions=_some(self.positions, at, step),
            )
            for at in range(0, self.shape[0], step)
        ]

    def repeated(self, count: int) -> Self:
        """The one row so many times."""
        return replace(
            self,
            ids=None if self.ids is None else self.ids.expand(count, -1),
            embeddings=None if self.embeddings is None else self.embeddings.expand(count, -1, -1),
        )

    def arguments(self, device: torch.device) -> dict[str, torch.Tensor]:
        """The rows as arguments of a network's forward on this device."""
        rows, tokens = self.shape
        if self.seen is None:
            found = {"attention_mask": torch.ones((rows, tokens), dtype=torch.int64, device=device)}
        else:
            found = {"attention_mask": self.seen.to(device, torch.int64)}
        if self.ids is not None:
            found["input_ids"] = self.ids.to(device)
        if self.embeddings is not None:
            found["inputs_embeds"] = self.embeddings
        if self.segments is not None:
            found["token_type_ids"] = self.segments.to(device).expand(rows, -1)
        if self.positions is not None:
            found["position_ids"] = self.positions.to(device).expand(rows, -1)
        return found


def _some(positions: torch.Tensor | None, at: int, step: int) -> torch.Tensor | None:
    """Positions of some rows; what is the same in all rows stays."""
    return positions if positions is None or positions.dim() == 1 else positions[at : at + step]


@dataclass(frozen=True, slots=True)
class Passed:
    """Results of one forward pass: logits (rows, labels), attentions (rows, heads, tokens, tokens) of each layer."""

    logits: torch.Tensor
    attentions: tuple[torch.Tensor, ...] = ()


class Network:
    """A classifier: an encoder whose head reads the first state, a decoder whose head reads the last, or one of tokens,
    whose head reads every state and is asked at the word that is explained."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.tags = type(module).__name__.endswith("ForTokenClassification")
        self.decoder = hasattr(module, "score") and not self.tags
        self._first_sees_all = module.config.model_type == "longformer" and not self.tags

    def around(self, module: Any) -> Network:
        """A network of this kind around another module of the same architecture."""
        return type(self)(module)

    @property
    def device(self) -> torch.device:
        found: torch.device = self.module.get_input_embeddings().weight.device
        return found

    def tensor(self, array: Array) -> torch.Tensor:
        """The array where the network is."""
        return torch.from_numpy(array).to(self.device)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """Word embeddings (…, width) as the network itself looks them up, without gradient; Gemma scales them."""
        found: torch.Tensor = self.module.get_input_embeddings()(ids).detach()
        return found

    def mean_embedding(self) -> torch.Tensor:
        """Mean of all word embeddings (width,)."""
        table = self.module.get_input_embeddings()
        mean: torch.Tensor = table.weight.detach().mean(dim=0) * getattr(table, "embed_scale", 1.0)
        return mean

    def arguments(self, rows: Rows) -> dict[str, torch.Tensor]:
        """The rows as arguments of the network's own forward."""
        given = rows.arguments(self.device)
        if self._first_sees_all:  # transformers does so itself, but not for embeddings
            seeing = torch.zeros_like(given["attention_mask"])
            seeing[:, 0] = 1
            given["global_attention_mask"] = seeing
        return given

    def pooled(self, inputs: Encoded) -> int:
        """The position whose last state the head reads; raises Incompatible where it reads the mean of all states.

        A decoder's is the last of the input that is not padding; masking a token there does not move it.
        """
        config = self.module.config
        pooling = getattr(config, "classifier_pooling", getattr(config, "summary_type", "cls"))
        if not self.tags and pooling == "mean":
            raise Incompatible("this classifier reads the mean of all states, not one position", reason="reads_mean")
        return self._read_position(inputs)

    def _read_position(self, inputs: Encoded) -> int:
        if self.tags:
            asked = inputs.outputs
            return ids_of(inputs).reads[(asked.word if isinstance(asked, WordOutput) else None) or 0]
        if self.module.config.model_type in READ_LAST:
            return inputs.size - 1
        if not self.decoder:
            return 0
        others = np.flatnonzero(ids_of(inputs).ids != self.module.config.pad_token_id)
        return int(others[-1]) if len(others) else 0

    def ends(self, inputs: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """Word embeddings (tokens, width) of the input and of its baseline; special tokens are the same in both."""
        plain = self.embedded(self.tensor(ids_of(inputs).ids))
        whole = plain if inputs.noise is None else plain + self.tensor(inputs.noise.astype(np.float32))
        if (absent := absent_ids(inputs)) is not None:
            return whole, self.embedded(self.tensor(absent))
        fill = self.mean_embedding() if inputs.baseline == "mean" else torch.zeros_like(plain[0])
        special = self.tensor(inputs.owner < 0)[:, None]
        return whole, torch.where(special, whole, fill)

    def rows(
        self,
        inputs: Encoded,
        *,
        ids: np.ndarray[Any, np.dtype[np.int64]] | None = None,
        embeddings: torch.Tensor | None = None,
    ) -> Rows:
        """Rows with the segments and positions of `inputs`, and `ids` or `embeddings` of their own."""
        held = ids_of(inputs)
        return Rows(
            ids=None if ids is None else torch.from_numpy(ids),
            embeddings=embeddings,
            segments=None if held.segments is None else torch.from_numpy(held.segments),
            positions=None if held.positions is None else torch.from_numpy(held.positions),
            pooled=self._read_position(inputs),
        )

    def logits(self, rows: Rows) -> FloatArray:
        """Logits (rows, labels), without gradients, in passes of bounded size."""
        chunks = rows.chunks(batches_on(self.device.type).tokens)
        return to_array(torch.cat(in_chunks(chunks, self.logits_of)).double())

    def logits_of(self, chunk: Rows) -> torch.Tensor:
        """The logits of one pass (rows, labels), on the device of the network."""
        with torch.inference_mode():
            return self.forward(chunk).logits

    def everywhere(self, rows: Rows) -> FloatArray:
        """Logits (tokens, labels) of a token classifier at every position of one row."""
        passes.begins(1)
        with torch.inference_mode():
            return to_array(self.module(**self.arguments(rows)).logits[0].double())

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        """One pass, in whatever gradient mode the caller is."""
        also = {"output_attentions": True} if attentions else {}
        if self.tags:
            out = self.module(**self.arguments(rows), **also)
            return Passed(out.logits[:, rows.pooled], tuple(out.attentions or ()))
        if not self.decoder:
            out = self.module(**self.arguments(rows), **also)
            return Passed(out.logits, tuple(out.attentions or ()))
        # The whole decoder classifier looks for the last id that is not padding, and masked ids may be padding.
        out = self.module.base_model(**self.arguments(rows), use_cache=False, **also)
        logits = self.module.score(out.last_hidden_state)[:, rows.pooled]
        return Passed(logits, tuple(out.attentions or ()))


class QuickNetwork(Network):
    """A network with quicker products and attention: equal numbers up to rounding.

    A row alone, without gradients, is the module's own and so has the bits of the served prediction.
    """

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        if alone(rows):
            return super().forward(rows, attentions=attentions)
        with Quicker():
            return super().forward(rows, attentions=attentions)


def alone(rows: Rows) -> bool:
    return rows.shape[0] == 1 and not torch.is_grad_enabled()


def in_chunks(chunks: Sequence[Rows], run: Callable[[Rows], Found]) -> list[Found]:
    """The results of `run` for each chunk, in order; a chunk that a device has no memory for is run in halves.

    Raises Incompatible where that is so of a single row.
    """
    waiting, found = list(reversed(chunks)), []
    while waiting:
        chunk = waiting.pop()
        passes.begins(chunk.shape[0])
        try:
            found.append(run(chunk))
            continue
        except torch.OutOfMemoryError as error:
            if chunk.shape[0] == 1:
                raise Incompatible(
                    "the device has no memory for one row of this text: shorten the text or compute on the cpu",
                    reason="no_memory",
                ) from error
        torch.cuda.empty_cache()
        waiting += reversed(chunk.parts((chunk.shape[0] + 1) // 2))
    return found
