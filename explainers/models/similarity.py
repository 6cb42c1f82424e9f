"""A sentence encoder as the methods see it: why are these two texts similar?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

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
    Progress,
    Question,
    SimilarityOutput,
    Text,
    TextInput,
    ValueName,
    silent,
)
from ..errors import BadInput
from ..inputs.text.encoding import TextEncoder
from ..inputs.text.pairs import kept_whole, paired, without_prompt
from ..outputs.similarity import LABEL, Similarity
from .networks import gradients, probing
from .networks.bulk import bulk_vectors
from .networks.comparing import ComparingNetwork
from .networks.device import to_array
from .networks.masking import path_ends, whole_rows
from .pooling import Pooling
from .special import baseline_ids, longest_input, pad_position, reads_segments

LEVELS = ("token", "word", "phrase", "sentence")  # of players, from fine to coarse


class SimilarityModel(Model):
    """Offers the vectors of both texts, and outputs and gradients of their score; the players are parts of both.

    network: an encoder without a head (AutoModel) in fp32 and evaluation mode; it is never changed. tokenizer: its fast
    tokenizer. pooling, unit: how the vector of a text is made of its states. prompts: what each of its names puts
    before a text; default_prompt: the name that stands where a question names none.
    """

    head: Head = "regression"
    task: Literal["similarity"] = "similarity"
    labels: tuple[str, ...] = (LABEL,)
    maximum_length: int

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        *,
        id: str,
        digest: str,
        pooling: Pooling = "mean",
        unit: bool = True,
        prompts: Mapping[str, str] | None = None,
        default_prompt: str | None = None,
        title: str | None = None,
        card: Mapping[str, Any] | None = None,
        maximum_length: int | None = None,
    ) -> None:
        assert not network.training
        self.id = id
        self.digest = digest
        self.title = title or id
        self.card = card
        longest = longest_input(network, tokenizer)
        self.maximum_length = min(longest, maximum_length or longest)
        ids = baseline_ids(tokenizer, vocabulary=network.config.vocab_size)
        self.baselines: tuple[BaselineKind, ...] = (*ids, "zero", "mean")
        masking = {Need.OUTPUTS, Need.FACTORS} if ids else set()
        self.offers = frozenset({Need.GRADIENTS, Need.EMBEDDINGS, *masking})
        self.prompts = dict(prompts or {})
        self.default_prompt = default_prompt
        self._network = ComparingNetwork(network, pooling=pooling, unit=unit)
        self._tokenizer = tokenizer
        self.device = self._network.device.type
        self._encoder = TextEncoder(
            tokenizer=tokenizer,
            maximum_length=self.maximum_length,
            baselines=self.baselines,
            baseline_ids=ids,
            pad_position=pad_position(network),
            with_segments=reads_segments(network),
        )

    @property
    def half_check(self) -> HalfCheck:
        """bf16 is not offered."""
        return HalfCheck(supported=False, rank_agreement=1.0, value_error=0.0)

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput unless there are two texts that the model can read whole."""
        asked = question.outputs or SimilarityOutput()
        if not isinstance(asked, SimilarityOutput):
            raise BadInput(f"{self.id} compares texts and has no {asked.kind}: leave outputs out")
        if not isinstance(question.input, TextInput) or question.text_pair is None:
            raise BadInput(f"{self.id} compares two texts: give text and text_pair")
        if question.focus is not None:
            raise BadInput("a focus is a stretch of one text: leave it out where two are compared")
        given = ((question.text, asked.prompt), (question.text_pair, asked.prompt_pair))
        sides = [self._side(question, text, prompt) for text, prompt in given]
        if sides[0].players != sides[1].players:  # 'auto' found a coarser level for one of the two
            level = max((side.players for side in sides), key=LEVELS.index)
            coarser = question.model_copy(update={"players": level})
            sides = [self._side(coarser, text, prompt) for text, prompt in given]
        if asked.explain != "both":
            still = ("second", "first").index(asked.explain)
            sides[still] = kept_whole(sides[still])
        return paired(sides[0], sides[1], asked)

    def _side(self, question: Question, text: str, prompt: str | None) -> Encoded:
        before = self._prompt(prompt)
        alone = {
            "input": TextInput(text=before + text),
            "outputs": None,
            "long_text": "cut",
            "focus": (len(before), len(before) + len(text)) if before else None,
        }
        side = self._encoder.encode(question.model_copy(update=alone))
        if side.unseen:
            raise BadInput(
                f"the text {text[:20]!r} … is longer than the {self.maximum_length} tokens {self.id} reads: shorten it"
            )
        return without_prompt(side, text, before=len(before))

    def _prompt(self, name: str | None) -> str:
        """The prompt before a text. Raises BadInput for a name that the encoder does not have."""
        chosen = name or self.default_prompt
        if chosen is None:
            return ""
        if chosen not in self.prompts:
            known = ", ".join(self.prompts) or "none"
            raise BadInput(f"{self.id} has no prompt {chosen!r}; choose {known}, or leave it out")
        return self.prompts[chosen]

    def output_of(self, inputs: Encoded) -> Output:
        return Similarity()

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        rows = [self._network.logits(whole_rows(self._network, one)) for one in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, 1))

    def states(self, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
        """The similarity of each text to itself, and behind it its vector (texts, 1 + width), with the default prompt.

        Raises BadInput for a text that cannot be read, and for a pair: each text has a vector of its own.
        """
        if pair := next((number for number, text in enumerate(texts, start=1) if not isinstance(text, str)), 0):
            raise BadInput(f"text {pair} of the list is a pair: {self.id} makes a vector of each text alone")
        before = self._prompt(None)
        prompted = [f"{before}{text}" for text in texts]
        vectors = bulk_vectors(self._network, self._encoder, prompted, progress=progress)
        if self._network.unit:
            vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return np.concatenate([(vectors**2).sum(axis=1, keepdims=True), vectors], axis=1)

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        return self._network.scores(inputs, keep)

    def factors(self, inputs: Encoded, side: int, keep: BoolArray) -> FloatArray:
        """Vectors (rows, width) of one text for sets of its own players, fp32."""
        return self._network.factors(inputs, side, keep)

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        """Both texts move together."""
        return gradients.path_gradients(self._network, inputs, points, value=value, head=self.head, targets=targets)

    def embeddings(self, inputs: Encoded) -> FloatArray:
        return to_array(path_ends(self._network, inputs)[0].double())

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        return probing.blends(self._network, inputs, shares)

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        return probing.replacement_falls(
            self._network, self._tokenizer, inputs, words, value=value, head=self.head, target=target
        )

    def randomised(self, seed: int) -> SimilarityModel:
        return SimilarityModel(
            probing.redrawn(self._network.module, seed),
            self._tokenizer,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            pooling=self._network.pooling,
            unit=self._network.unit,
            prompts=self.prompts,
            default_prompt=self.default_prompt,
            maximum_length=self.maximum_length,
        )
