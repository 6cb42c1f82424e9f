"""Models that say something token by token: what they share, whatever they read or hear."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..contract import (
    Arithmetic,
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
from ..inputs.text.continuation import Continuation, Contrast, continued, tokens_of
from ..outputs import Tokens
from .language.answering import Speaker
from .language.network import LanguageNetwork, half_of
from .networks import gradients, probing
from .networks.device import to_array
from .networks.masking import path_ends, whole_rows


class SayingModel(Model):
    """Explained is every token of what the model says, as it gives it after the input and the tokens before it.

    network: in fp32 and evaluation mode; it is never changed. tokenizer: its fast tokenizer.
    """

    head: Head = "tokens"
    labels: tuple[str, ...] = ()
    maximum_length: int
    usual_tokens = 20  # of what the model itself says
    usual_outputs = TokenOutput()

    def __init__(
        self,
        network: LanguageNetwork,
        tokenizer: Any,
        *,
        id: str,
        digest: str,
        title: str | None,
        card: Mapping[str, Any] | None,
        maximum_length: int,
    ) -> None:
        assert not network.module.training
        self.id = id
        self.digest = digest
        self.title = title or id
        self.card = card
        self.maximum_length = maximum_length
        self.device = network.device.type
        self._network = network
        self._tokenizer = tokenizer

    @property
    def module(self) -> Any:
        """The network itself, which is never changed."""
        return self._network.module

    @property
    def tokenizer(self) -> Any:
        """The fast tokenizer."""
        return self._tokenizer

    @abstractmethod
    def _prompt(self, question: Question) -> Encoded:
        """The input that is read before anything is said. Raises BadInput where it cannot be read as a whole."""

    @abstractmethod
    def _followed(
        self, prompt: Encoded, continuation: Continuation, said: tuple[Ids, tuple[str, ...]], question: Question
    ) -> Encoded:
        """The input that is read, with its players, and what follows it.

        said: all tokens, by number and as they are shown.
        """

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for an input that is too long, and for a continuation that cannot be read."""
        asked = question.outputs or self.usual_outputs
        if not isinstance(asked, TokenOutput):
            raise BadInput(f"{self.id} says tokens and has no {asked.kind}: ask for tokens, or leave outputs out")
        if question.text_pair is not None:
            raise BadInput(f"{self.id} continues one text: leave text_pair out")
        prompt = self._prompt(question)
        ids, labels, text = self._said(prompt) if asked.continuation is None else self._given(prompt, asked)
        contrast = None if asked.contrast is None else self._contrast(prompt, asked.contrast, ids, text)
        stop = self._stop(asked, count=len(ids), prompt=prompt.size)
        continuation = Continuation.of(
            ids[:stop], labels[:stop], first=asked.first, whole=asked.whole, contrast=contrast
        )
        outputs = asked.model_copy(update={"continuation": text, "stop": stop})
        encoded = self._followed(prompt, continuation, (ids, labels), question)
        return replace(encoded, outputs=outputs)

    def _given(self, prompt: Encoded, asked: TokenOutput) -> tuple[Ids, tuple[str, ...], str]:
        """The continuation that was given: its ids, its tokens as they are shown, its text. Raises BadInput."""
        assert asked.continuation is not None
        if asked.ids is None:
            return (*self._tokens(prompt, asked.continuation), asked.continuation)
        ids = np.asarray(asked.ids, dtype=np.int64)
        if not len(ids) or ids.min() < 0 or ids.max() >= self._network.module.config.vocab_size:
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
        said = [each.id for each in self._speaker.answer(prompt, Decoding(max_tokens=self.usual_tokens))]
        text: str = self._tokenizer.decode(said, skip_special_tokens=True)
        if not text.strip():
            raise BadInput(f"{self.id} says nothing to this: give a continuation")
        ids = np.asarray(said, dtype=np.int64)
        return ids, self._speaker.shown(ids), text

    def generate(self, question: Question, decoding: Decoding, *, progress: Progress = silent) -> Generation:
        """The answer of the model. Raises BadInput for an input that cannot be read, or leaves no room."""
        prompt, record = self._prompt(question), ModelRecord(id=self.id, digest=self.digest)
        text = self._prompt_text(question)
        return self._speaker.generation(prompt, text, decoding, model=record, progress=progress)

    @cached_property
    def _speaker(self) -> Speaker:
        return Speaker(self._network, self._tokenizer, self.maximum_length)

    def _prompt_text(self, question: Question) -> str:
        """The prompt as the model reads it; empty for what is no text."""
        return question.text

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

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        network = self._half if precision == "bf16" else self._network
        return network.logits(network.coalitions(inputs, keep))

    @cached_property
    def _half(self) -> LanguageNetwork:
        return half_of(self._network)

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        return gradients.path_gradients(self._network, inputs, points, value=value, head=self.head, targets=targets)

    def embeddings(self, inputs: Encoded) -> FloatArray:
        return to_array(path_ends(self._network, inputs)[0].double())

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
