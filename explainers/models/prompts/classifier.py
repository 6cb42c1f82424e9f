"""A language model with a prompt, as the methods see a classifier of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...contract import (
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
    Text,
    ValueName,
    silent,
)
from ...errors import BadInput
from ...game.batches import batches_on
from ...inputs.prompt.filling import FilledTemplate
from ...outputs import classifier_output
from ..language.choosing import ChoosingNetwork
from ..networks import gradients, half, probing
from ..networks.device import has_bf16, to_array
from ..networks.masking import path_ends, whole_rows

CHECK_TEXTS = (
    "a gorgeous, witty film that never recovers from its clumsy opening",
    "They said the weather would be fine, but it has been raining since Monday.",
    "good, but dull",
)
UNKNOWN = HalfCheck(supported=False, rank_agreement=0.0, value_error=1.0)


class PromptClassifier(Model):
    """Offers outputs and gradients of the classes; the players are parts of the text, the prompt around it stays.

    The columns are the log-probabilities of the classes' phrases after the prompt, normalised and calibrated as its
    file says; among the classes they are read by soft-max.

    network: chooses among the phrases. filled: the template. base: the language model, whose weights it shares.
    labels: the classes, in the order of the phrases.
    """

    head: Head = "single"
    maximum_length: int

    def __init__(
        self,
        network: ChoosingNetwork,
        filled: FilledTemplate,
        *,
        base: Model,
        id: str,
        digest: str,
        labels: Sequence[str],
        title: str | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> None:
        self.id = id
        self.digest = digest
        self.title = title or id
        self.card = card
        self.labels = tuple(labels)
        self.maximum_length = filled.encoder.maximum_length
        self.baselines: tuple[BaselineKind, ...] = filled.encoder.baselines
        masking = {Need.OUTPUTS} if self.baselines[0] not in ("zero", "mean") else set()
        self.offers = frozenset({Need.GRADIENTS, Need.EMBEDDINGS, *masking})
        self._network = network
        self._filled = filled
        self._base = base  # kept, so that another prompt finds it loaded
        self.device = network.device.type

    @property
    def module(self) -> Any:
        """The network of the base, which is never changed."""
        return self._network.module

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for a text, player level or baseline that cannot be encoded."""
        return self._filled.encode(question, model=self.id)

    def output_of(self, inputs: Encoded) -> Output:
        return classifier_output(self.labels, self.head, inputs.outputs)

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        """Columns (inputs, classes) in fp32, each input alone."""
        rows = [self._network.logits(whole_rows(self._network, one)) for one in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, len(self.labels)))

    def scores(self, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
        """Columns (texts, classes) of many texts a pass, what stands before the text computed once; within 1e-3 of
        `predict`, whose passes are of other shapes. Raises BadInput with the number of a text, Cancelled."""
        if "deleted" not in self.baselines:
            return super().scores(texts, progress=progress)
        first = {text: number for number, text in reversed(list(enumerate(texts)))}
        read = {text: self._bare(text, number) for text, number in first.items()}
        order = sorted(read, key=lambda text: read[text].size)
        found: dict[Text, FloatArray] = {}
        while order:
            progress(len(found) / len(first))
            step = max(1, batches_on(self.device).tokens // (read[order[0]].size - self._filled.before))
            together, order = order[:step], order[step:]
            columns = self._network.logits(self._network.padded([read[text] for text in together]))
            found |= dict(zip(together, columns, strict=True))
        return np.stack([found[text] for text in texts]) if found else np.zeros((0, len(self.labels)))

    def _bare(self, text: Text, number: int) -> Encoded:
        if not isinstance(text, str):
            raise BadInput(f"text {number + 1} of the list: {self.id} says a class of one text, not of a pair")
        try:
            return self._filled.bare(text, model=self.id)
        except BadInput as error:
            raise BadInput(f"text {number + 1} of the list: {error}") from None

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        network = self._half if precision == "bf16" else self._network
        return network.logits(network.coalitions(inputs, keep))

    @cached_property
    def _half(self) -> ChoosingNetwork:
        return self._network.around(half.half_copy(self._network.module))

    @cached_property
    def half_check(self) -> HalfCheck:
        """Whether bf16 may stand for fp32 in masked evaluations, from its device and a comparison on those fixed texts
        that the prompt leaves room for."""
        exact, rough = [], []
        for text in CHECK_TEXTS:
            try:
                inputs = self.encode(Question.about(text))
            except BadInput:
                continue
            keep = half.check_coalitions(len(inputs.features))
            exact.append(self.outputs(inputs, keep))
            rough.append(self.outputs(inputs, keep, precision="bf16"))
        if not exact:
            return UNKNOWN
        return half.compare(np.concatenate(exact), np.concatenate(rough), supported=has_bf16(self._network.device))

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        return gradients.path_gradients(self._network, inputs, points, value=value, head=self.head, targets=targets)

    def embeddings(self, inputs: Encoded) -> FloatArray:
        return to_array(path_ends(self._network, inputs)[0].double())

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        return probing.blends(self._network, inputs, shares)

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        tokenizer = self._filled.reader.tokenizer
        return probing.replacement_falls(
            self._network, tokenizer, inputs, words, value=value, head=self.head, target=target
        )

    def randomised(self, seed: int) -> PromptClassifier:
        return PromptClassifier(
            self._network.around(probing.redrawn(self._network.module, seed)),
            self._filled,
            base=self._base,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            labels=self.labels,
        )
