"""A model that says something, as the methods see its answer: tokens after a prompt, or the caption of a picture.

What it says is in every coalition: each token is explained as the model gives it after the tokens before it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..contract import (
    BoolArray,
    Decoding,
    Encoded,
    FloatArray,
    Generation,
    Head,
    Ids,
    Model,
    ModelRecord,
    Output,
    PathGradients,
    Progress,
    Question,
    TokenOutput,
    ValueName,
    silent,
)
from ..contract.question import MOST_TOKENS
from ..errors import BadInput
from ..inputs.text.continuation import Continued, Contrast, continuation_of, continued, tokens_of
from ..outputs import Tokens
from .language.answering import Speaker
from .language.network import LanguageNetwork
from .networks import gradients, probing
from .networks.masking import whole_rows

USUAL_TOKENS = 20  # of an answer that the model itself gives


class SayingModel(Model):
    """Tokens as outputs, with whatever input: a subclass encodes the input, the answer is encoded here."""

    head: Head = "tokens"
    labels: tuple[str, ...] = ()
    maximum_length: int
    _network: LanguageNetwork
    _tokenizer: Any

    @abstractmethod
    def _prompt(self, question: Question) -> Encoded:
        """The input alone, with its players. Raises BadInput for one that cannot be read as a whole."""

    @abstractmethod
    def _prompt_text(self, question: Question) -> str:
        """The input as the model reads it; empty where that is no text."""

    def _answered(self, prompt: Encoded, asked: TokenOutput) -> tuple[Continued, TokenOutput]:
        """What is said after the input, and the outputs with what was left open. Raises BadInput."""
        ids, labels, text = self._said(prompt) if asked.continuation is None else self._given(prompt, asked)
        contrast = None if asked.contrast is None else self._contrast(prompt, asked.contrast, ids, text)
        stop = self._stop(asked, count=len(ids), prompt=prompt.size)
        said = continuation_of(ids[:stop], labels[:stop], first=asked.first, whole=asked.whole, contrast=contrast)
        return said, asked.model_copy(update={"continuation": text, "stop": stop})

    def _given(self, prompt: Encoded, asked: TokenOutput) -> tuple[Ids, tuple[str, ...], str]:
        """The continuation that was given: its ids, its tokens as they are shown, its text. Raises BadInput."""
        assert asked.continuation is not None
        if asked.ids is None:
            return (*self._tokens(prompt, asked.continuation), asked.continuation)
        ids = np.asarray(asked.ids, dtype=np.int64)
        if not len(ids) or ids.min() < 0 or ids.max() >= self._network.vocabulary:
            raise BadInput(f"ids of a continuation must be numbers of tokens that {self.id} has, and one at least")
        return ids, self._speaker.shown(ids), asked.continuation

    def _tokens(self, prompt: Encoded, text: str) -> tuple[Ids, tuple[str, ...]]:
        """The tokens of a continuation, as they follow the prompt. Raises BadInput where there are none."""
        return tokens_of(self._tokenizer, text)

    def _contrast(self, prompt: Encoded, text: str, ids: Ids, answer: str) -> Contrast:
        """Raises BadInput for another continuation that is the same, or that cannot be read."""
        other, _ = self._tokens(prompt, text)
        if np.array_equal(other, ids) or text.strip() == answer.strip():
            raise BadInput(f"the contrast {text[:40]!r} is the answer itself: give another one")
        if len(other) > MOST_TOKENS:
            raise BadInput(f"the contrast has {len(other)} tokens; at most {MOST_TOKENS} are compared")
        if not self._network.two_sided and prompt.size + len(other) > self.maximum_length:
            raise BadInput(f"prompt and contrast are longer than the {self.maximum_length} tokens {self.id} reads")
        return Contrast(text, other)

    def _said(self, prompt: Encoded) -> tuple[Ids, tuple[str, ...], str]:
        """The model's own continuation: ids, tokens, text. Raises BadInput where it says nothing."""
        said = [each.id for each in self._speaker.answer(prompt, Decoding(max_tokens=USUAL_TOKENS))]
        text: str = self._tokenizer.decode(said, skip_special_tokens=True)
        if not text:
            raise BadInput(f"{self.id} says nothing after this prompt: give a continuation")
        ids = np.asarray(said, dtype=np.int64)
        return ids, self._speaker.shown(ids), text

    def generate(self, question: Question, decoding: Decoding, *, progress: Progress = silent) -> Generation:
        """The answer to a prompt. Raises BadInput for one that cannot be read, or leaves no room."""
        prompt, record = self._prompt(question), ModelRecord(id=self.id, digest=self.digest)
        text = self._prompt_text(question)
        return self._speaker.generation(prompt, text, decoding, model=record, progress=progress)

    @cached_property
    def _speaker(self) -> Speaker:
        return Speaker(self._network, self._tokenizer, self.maximum_length)

    def _stop(self, asked: TokenOutput, *, count: int, prompt: int) -> int:
        """Raises BadInput for tokens that there are not, or too many of them."""
        stop = count if asked.stop is None else asked.stop
        if not asked.first < stop <= count:
            raise BadInput(
                f"tokens {asked.first} to {stop} are not in the continuation: it has {count}, numbered from 0"
            )
        if stop - asked.first > MOST_TOKENS:
            raise BadInput(f"{stop - asked.first} tokens were asked for; at most {MOST_TOKENS} are explained together")
        length = stop if self._network.two_sided else prompt + stop
        if length > self.maximum_length:
            raise BadInput(
                f"prompt and continuation have {length} tokens; {self.id} reads {self.maximum_length}: shorten them"
            )
        return stop

    def output_of(self, inputs: Encoded) -> Output:
        asked = continued(inputs)
        return Tokens(asked.labels, asked.first, asked.names, contrasts=asked.against is not None)

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        """Columns (inputs, 3 · targets) in fp32, each input alone."""
        rows = [self._network.logits(whole_rows(self._network, one)) for one in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, 0))

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        return gradients.path_gradients(self._network, inputs, points, value=value, head=self.head, targets=targets)

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        return probing.blends(self._network, inputs, shares)

    def instead(self, inputs: Encoded, keep: BoolArray, target: int) -> str:
        """The token that would come without some players; of a contrast the other answer."""
        asked = continued(inputs)
        if asked.against is not None and target == len(asked.labels) + asked.together:
            text: str = self._tokenizer.decode(asked.against)
            return text
        top = self._network.most_probable(self._network.coalitions(inputs, keep))[0]
        said = asked.continued
        places = range(asked.first, len(said)) if target >= len(asked.labels) else [asked.first + target]
        changed = next((place for place in places if top[place] != said[place]), places[0])
        found: str = self._tokenizer.decode([int(top[changed])])
        return found
