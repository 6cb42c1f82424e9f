"""A language model as the methods see it: why does it say these tokens after this prompt, or make this of that text?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..contract import (
    Arithmetic,
    BaselineKind,
    BoolArray,
    Encoded,
    FloatArray,
    HalfCheck,
    Head,
    Model,
    Need,
    Output,
    PathGradients,
    Question,
    TokenOutput,
    ValueName,
)
from ..contract.question import MOST_TOKENS
from ..errors import BadInput
from ..inputs.text.continuation import continued, tokens_of, with_continuation
from ..inputs.text.encoding import TextEncoder
from ..inputs.text.ids import ids_of
from ..outputs import Tokens
from .networks import gradients, probing
from .networks.continuing import ContinuingNetwork
from .networks.device import to_array
from .networks.masking import coalition_rows, path_ends, whole_rows
from .special import baseline_ids, longest_input

USUAL_TOKENS = 20  # of a continuation that the model itself says


class ContinuationModel(Model):
    """Offers outputs and gradients of every token of a continuation; the players are parts of the prompt.

    network: an AutoModelForCausalLM or AutoModelForSeq2SeqLM in fp32 and evaluation mode; it is never changed.
    tokenizer: its fast tokenizer. What follows the prompt is in every coalition: each token is explained as the model
    gives it after the tokens before it.
    """

    head: Head = "tokens"
    labels: tuple[str, ...] = ()
    maximum_length: int

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        *,
        id: str,
        digest: str,
        title: str | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> None:
        assert not network.training
        self.id = id
        self.digest = digest
        self.title = title or id
        self.card = card
        self.task = "tokens"
        self.maximum_length = longest_input(network, tokenizer)
        ids = baseline_ids(tokenizer, vocabulary=network.config.vocab_size)
        self.baselines: tuple[BaselineKind, ...] = (*ids, "zero", "mean", "text")
        masking = {Need.OUTPUTS} if ids else set()
        self.offers = frozenset({Need.GRADIENTS, Need.EMBEDDINGS, *masking})
        self._network = ContinuingNetwork(network)
        self._tokenizer = tokenizer
        self.device = self._network.device.type
        self._encoder = TextEncoder(
            tokenizer=tokenizer,
            maximum_length=self.maximum_length,
            baselines=self.baselines,
            baseline_ids=ids,
            with_segments=False,
        )

    @property
    def half_check(self) -> HalfCheck:
        """bf16 is not offered."""
        return HalfCheck(supported=False, rank_agreement=1.0, value_error=0.0)

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for a prompt that is too long, and for a continuation that cannot be read."""
        asked = question.outputs or TokenOutput()
        if not isinstance(asked, TokenOutput):
            raise BadInput(f"{self.id} continues texts and has no {asked.kind}: ask for tokens, or leave outputs out")
        if question.text_pair is not None:
            raise BadInput(f"{self.id} continues one text: leave text_pair out")
        prompt = self._encoder.encode(question.model_copy(update={"outputs": None, "long_text": "cut"}))
        if prompt.unseen:
            raise BadInput(f"the prompt is longer than the {self.maximum_length} tokens {self.id} reads: shorten it")
        text = self._said(prompt) if asked.continuation is None else asked.continuation
        ids, labels = tokens_of(self._tokenizer, text)
        stop = self._stop(asked, count=len(ids), prompt=prompt.size)
        held = with_continuation(ids_of(prompt), ids=ids[:stop], labels=labels[:stop], first=asked.first)
        return replace(prompt, outputs=TokenOutput(continuation=text, first=asked.first, stop=stop), held=held)

    def _said(self, prompt: Encoded) -> str:
        """The continuation by the model itself. Raises BadInput where that is empty."""
        ends = self._network.module.config.eos_token_id
        end = frozenset([ends] if isinstance(ends, int) else ends or ())
        room = USUAL_TOKENS if self._network.two_sided else min(USUAL_TOKENS, self.maximum_length - prompt.size)
        said = self._network.greedy(ids_of(prompt).ids, most=room, end=end)
        text: str = self._tokenizer.decode(said, skip_special_tokens=True)
        if not text:
            raise BadInput(f"{self.id} says nothing after this prompt: give a continuation")
        return text

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
        return Tokens(asked.labels, asked.first)

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        """Columns (inputs, 2 · tokens) in fp32, each input alone."""
        rows = [self._network.logits(whole_rows(self._network, one)) for one in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, 0))

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        return self._network.logits(coalition_rows(self._network, inputs, keep))

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        return gradients.path_gradients(self._network, inputs, points, value=value, head=self.head, targets=targets)

    def embeddings(self, inputs: Encoded) -> FloatArray:
        return to_array(path_ends(self._network, inputs)[0].double())

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        return probing.blends(self._network, inputs, shares)

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        return probing.replacement_falls(
            self._network, self._tokenizer, inputs, words, value=value, head=self.head, target=target
        )

    def randomised(self, seed: int) -> ContinuationModel:
        return ContinuationModel(
            probing.redrawn(self._network.module, seed),
            self._tokenizer,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
        )
