"""Answers of a language model: the most probable token each time, or drawn with a seed; every token with its rivals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from ...contract import Encoded, Ids, Progress
from ...contract.answer import ModelRecord, Rival
from ...contract.generation import Decoding, Generation, SaidToken
from ...errors import BadInput
from .network import LanguageNetwork

RIVALS = 5  # the most probable tokens in each place
HALF = "\ufffd"  # what a part of a character is decoded to


@dataclass(frozen=True, slots=True)
class Said:
    """One token of an answer. rivals: the most probable tokens in its place, with their log-probabilities."""

    id: int
    logprob: float
    rivals: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Speaker:
    """A network that answers, with its tokenizer; maximum_length: tokens of prompt and answer together."""

    network: LanguageNetwork = field(repr=False)
    tokenizer: Any = field(repr=False)
    maximum_length: int

    def generation(
        self, prompt: Encoded, text: str, decoding: Decoding, model: ModelRecord, progress: Progress
    ) -> Generation:
        """The answer to an encoded prompt, `text` as the model reads it. progress hears the answer so far.

        Raises BadInput for a prompt that leaves no room, Cancelled between two tokens.
        """
        started = time.perf_counter()
        said: list[Said] = []
        first = 0.0
        for each in self.answer(prompt, decoding):
            first = first or time.perf_counter() - started
            said.append(each)
            ids = np.array([one.id for one in said])
            progress(len(said) / decoding.max_tokens, self.tokenizer.decode(ids, skip_special_tokens=True).rstrip(HALF))
        ids = np.array([one.id for one in said], dtype=np.int64)
        shown = self.shown(ids)
        return Generation(
            model=model,
            input=prompt.input,
            decoding=decoding,
            prompt=text,
            prompt_tokens=prompt.size,
            text="".join(shown),
            tokens=tuple(self._token(one, label) for one, label in zip(said, shown, strict=True)),
            ended="limit" if len(said) == self._most(prompt, decoding) else "end",
            timings={"first_token": first, "total": time.perf_counter() - started},
        )

    def _token(self, said: Said, text: str) -> SaidToken:
        rivals = tuple(Rival(text=self.tokenizer.decode([id]), logprob=logprob) for id, logprob in said.rivals)
        return SaidToken(text=text, logprob=said.logprob, id=said.id, rivals=rivals)

    def _most(self, prompt: Encoded, decoding: Decoding) -> int:
        room = self.maximum_length - (0 if self.network.two_sided else prompt.size)
        if room < 1:
            raise BadInput(f"the prompt fills the {self.maximum_length} tokens that the model reads: shorten it")
        return min(decoding.max_tokens, room)

    def answer(self, prompt: Encoded, decoding: Decoding) -> Iterator[Said]:
        """Token after token, up to one that ends the answer (which is not given) or the limit. Raises BadInput."""
        most, choose = self._most(prompt, decoding), _chooser(decoding)
        speaking = self.network.spoken(prompt)
        odds = next(speaking)
        for number in range(most):
            token = choose(odds)
            if token in self._ends:
                return
            top = odds.topk(min(RIVALS, len(odds)))
            rivals = tuple(zip(top.indices.tolist(), top.values.tolist(), strict=True))
            yield Said(token, float(odds[token]), rivals)
            if number + 1 < most:
                odds = speaking.send(token)

    @cached_property
    def _ends(self) -> frozenset[int]:
        """Ids of the tokens that end an answer."""
        module = self.network.module
        named = (module.config.eos_token_id, getattr(module.generation_config, "eos_token_id", None))
        listed = [[each] if isinstance(each, int) else each or [] for each in (*named, self.tokenizer.eos_token_id)]
        return frozenset(number for each in listed for number in each)

    def shown(self, ids: Ids) -> tuple[str, ...]:
        """Each token as it stands in the text. Tokens that are parts of one character show it at the last of them."""
        found, before = [], ""
        for end in range(1, len(ids) + 1):
            text: str = self.tokenizer.decode(ids[:end].tolist(), skip_special_tokens=True)
            whole = "" if text.endswith(HALF) and end < len(ids) else text[len(before) :]
            before += whole
            found.append(whole)
        return tuple(found)


def _chooser(decoding: Decoding) -> Callable[[torch.Tensor], int]:
    if decoding.temperature == 0:
        return lambda odds: int(odds.argmax())
    draw = torch.Generator().manual_seed(decoding.seed)

    def chosen(odds: torch.Tensor) -> int:
        shares = (odds.cpu() / decoding.temperature).softmax(dim=-1)
        ordered, ids = shares.sort(descending=True, stable=True)
        kept = ordered.cumsum(dim=0) - ordered < decoding.top_p  # the first always
        return int(ids[torch.multinomial(ordered * kept, 1, generator=draw)])

    return chosen
