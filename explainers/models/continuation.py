"""A language model as the methods see it: why does it say these tokens after this prompt, or make this of that text?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..contract import (
    BaselineKind,
    Encoded,
    FloatArray,
    HalfCheck,
    Ids,
    LayerStates,
    Need,
    PromptInput,
    Question,
    TextInput,
    Token,
    TokenOutput,
    ValueName,
)
from ..contract.model import Weights
from ..errors import BadInput, Incompatible
from ..inputs.prompt.encoding import PromptEncoder
from ..inputs.prompt.reading import PromptReader
from ..inputs.text.continuation import Continuation, continued, followed
from ..inputs.text.encoding import TextEncoder
from ..inputs.text.ids import ids_of
from .architectures import not_offered, ways_without_token
from .language import lens
from .language.network import LanguageNetwork
from .networks import attention, half, layers, probing
from .networks.continuing import ContinuingNetwork
from .networks.device import has_bf16
from .saying import SayingModel
from .special import baseline_ids, longest_input

CHECK_PROMPTS = (
    "Anna lives in Rome. Where does Anna live?",
    "They said it would rain, but the sun has shone.",
)
CHECK_SAID = " Anna lives in"


class ContinuationModel(SayingModel):
    """Offers outputs and gradients of every token of a continuation; the players are parts of the prompt.

    network: an AutoModelForCausalLM or AutoModelForSeq2SeqLM in fp32 and evaluation mode; it is never changed.
    tokenizer: its fast tokenizer. template: its chat template, which then stands around every prompt. What follows the
    prompt is in every coalition: each token is explained as the model gives it after the tokens before it.
    """

    task: Literal["tokens"] = "tokens"

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        *,
        id: str,
        digest: str,
        title: str | None = None,
        card: Mapping[str, Any] | None = None,
        template: str | None = None,
    ) -> None:
        super().__init__(
            LanguageNetwork(network),
            tokenizer,
            id=id,
            digest=digest,
            title=title,
            card=card,
            maximum_length=longest_input(network, tokenizer),
        )
        ids = baseline_ids(tokenizer, vocabulary=network.config.vocab_size)
        unseen = _out_of_sight(self._network, template)
        self.baseline_ids = ids
        masking = {Need.OUTPUTS} if ids or unseen else set()
        first, last = (ids, unseen) if self._network.two_sided else (unseen, ids)
        self.baselines: tuple[BaselineKind, ...] = (*first, *last, "zero", "mean", "text")
        inside = {Need.ATTENTIONS} if self._network.two_sided else {Need.ATTENTIONS, Need.FLOW, Need.LAYERS}
        inside -= not_offered(network.config)
        self.offers = frozenset({Need.GRADIENTS, Need.EMBEDDINGS, Need.ANSWERS, *masking, *inside})
        self.template = template
        self._encoder = TextEncoder(
            tokenizer=tokenizer,
            maximum_length=self.maximum_length,
            baselines=self.baselines,
            baseline_ids=ids,
            with_segments=False,
        )
        self._prompts = None if template is None else PromptEncoder(PromptReader(tokenizer, template), self._encoder)

    @cached_property
    def half_check(self) -> HalfCheck:
        """Whether bf16 may stand for fp32 in masked evaluations, by the log-odds of tokens after fixed prompts."""
        exact: list[FloatArray] = []
        rough: list[FloatArray] = []
        for text in CHECK_PROMPTS:
            inputs = self.encode(Question.about(text, outputs=TokenOutput(continuation=CHECK_SAID)))
            keep = half.check_coalitions(len(inputs.features))
            targets = list(range(len(continued(inputs).labels)))
            for found, precision in ((exact, "fp32"), (rough, "bf16")):
                columns = self.outputs(inputs, keep, precision=precision)  # type: ignore[arg-type]
                found.append(self.output_of(inputs).value(columns, "log-probability", targets))
        return half.compare(np.concatenate(exact), np.concatenate(rough), supported=has_bf16(self._network.device))

    def _prompt(self, question: Question) -> Encoded:
        """The prompt alone, with its players. Raises BadInput for one that cannot be read as a whole."""
        if self._prompts is not None and isinstance(question.input, TextInput | PromptInput):
            return self._prompts.encode(question, model=self.id)
        if isinstance(question.input, PromptInput):
            raise BadInput(f"{self.id} has no chat template: give one text to go on from, without messages or passages")
        prompt = self._encoder.encode(question.model_copy(update={"outputs": None, "long_text": "cut"}))
        if prompt.unseen:
            raise BadInput(f"the prompt is longer than the {self.maximum_length} tokens {self.id} reads: shorten it")
        return prompt

    def _followed(
        self, prompt: Encoded, continuation: Continuation, said: tuple[Ids, tuple[str, ...]], question: Question
    ) -> Encoded:
        return replace(prompt, held=followed(ids_of(prompt), continuation))

    def _said(self, prompt: Encoded) -> tuple[Ids, tuple[str, ...], str]:
        ids, labels, text = super()._said(prompt)
        if self._prompts is None:  # what is given as a text is read like one
            return (*self._tokens(prompt, text), text)
        return ids, labels, text

    def _prompt_text(self, question: Question) -> str:
        """The prompt as the model reads it, with its template."""
        if self._prompts is None:
            return question.text
        return self._prompts.read(question).text

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        return probing.replacement_falls(
            self._network, self._tokenizer, inputs, words, value=value, head=self.head, target=target
        )

    @cached_property
    def _twin(self) -> ContinuingNetwork:
        """Attention that gives its weights, and passes that share nothing."""
        return ContinuingNetwork(attention.eager_twin(self._network).module)

    def attended(self, inputs: Encoded) -> tuple[Token, ...]:
        """The prompt, and of a decoder the tokens of the answer up to the one before the last that is explained."""
        if self._network.two_sided:
            return inputs.tokens
        said = self._speaker.shown(continued(inputs).continued[:-1])
        return (*inputs.tokens, *(Token(text=text, special=True) for text in said))

    def looking(self, inputs: Encoded) -> tuple[Token, ...]:
        """The tokens of a translation, each for the pass that says it."""
        if not self._network.two_sided:
            return ()
        asked, control = continued(inputs), set(self._tokenizer.all_special_ids)
        ids: list[int] = asked.continued.tolist()
        shown = (*self._speaker.shown(asked.continued[: asked.first]), *asked.labels)
        named = zip(ids, shown, self._tokenizer.convert_ids_to_tokens(ids), strict=True)
        return tuple(Token(text=text or name, special=id in control) for id, text, name in named)

    def attentions(self, inputs: Encoded, *, served: FloatArray | None = None) -> Weights:
        """Attention weights of the prompt and the answer, as `attended` lists them; of an encoder with a decoder those
        of `looking` to the source. Raises Incompatible."""
        return attention.attentions(self._twin, inputs, served=self.predict([inputs]) if served is None else served)

    def attention_gradients(
        self, inputs: Encoded, *, value: ValueName, targets: Sequence[int], served: FloatArray | None = None
    ) -> tuple[Weights, Iterator[FloatArray]]:
        served = self.predict([inputs]) if served is None else served
        return attention.attention_gradients(
            self._twin, inputs, value=value, head=self.head, targets=targets, served=served
        )

    def readers(self, inputs: Encoded, targets: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """The position before each token; before all of them where they are explained together."""
        asked = continued(inputs)
        places = tuple(range(inputs.size - 1 + asked.first, inputs.size - 1 + len(asked.continued)))
        return tuple(places[t : t + 1] if t < len(places) else places for t in targets)

    def pooled_token(self, inputs: Encoded) -> int:
        """The last position of the prompt, where the answer begins."""
        return inputs.size - 1

    def layer_states(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> LayerStates:
        """Conductance of the layers, and of every token the five words that each layer would say. Raises
        Incompatible."""
        if continued(inputs).against is not None:
            raise Incompatible("layers are those of one answer: leave the contrast out", reason="contrast")
        found = layers.layer_states(self._twin, inputs, points, value=value, head=self.head, targets=targets)
        return replace(found, words=lens.words(self._twin, inputs, self._tokenizer))

    def randomised(self, seed: int) -> ContinuationModel:
        return ContinuationModel(
            probing.redrawn(self._network.module, seed),
            self._tokenizer,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            template=self.template,
        )


def _out_of_sight(network: LanguageNetwork, template: str | None) -> tuple[BaselineKind, ...]:
    """Ways of leaving tokens out of a prompt that take no token for them.

    The answer is read at the last token of a decoder's prompt, so that one has to be the template's.
    """
    if network.two_sided:
        return ("hidden",)
    return () if template is None else ways_without_token(network.module.config)
