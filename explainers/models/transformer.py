"""A Hugging Face sequence or token classifier with a fast tokenizer, as the methods see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch

from ..contract import (
    Arithmetic,
    BaselineKind,
    BoolArray,
    Encoded,
    FloatArray,
    HalfCheck,
    Head,
    LayerStates,
    Model,
    Need,
    Output,
    PathGradients,
    Progress,
    Question,
    Text,
    ValueName,
    WordOutput,
    silent,
)
from ..inputs.text.encoding import TextEncoder
from ..inputs.text.ids import ids_of
from ..outputs import Words, classifier_output
from ..outputs.value import probabilities
from .architectures import FP32_ONLY, IN_PLACE, not_offered
from .heads import reading_of
from .networks import attention, half, layers, masking, probing, stacks, windows
from .networks.bulk import bulk_logits, bulk_states
from .networks.device import has_bf16, to_array
from .networks.network import Network, QuickNetwork
from .special import baseline_ids, longest_input, pad_position, reads_segments

CHECK_TEXTS = (
    "a gorgeous, witty film that never recovers from its clumsy opening",
    "They said the weather would be fine, but it has been raining since Monday and 3 trains were late.",
)


class TransformerModel(Model):
    """Offers outputs, gradients, attentions and layers of one classifier.

    network: an AutoModelForSequenceClassification or AutoModelForTokenClassification in fp32 and evaluation mode, on
    the device where it is to compute; it is never changed.
    tokenizer: its fast tokenizer. card: what is known of how it was made, for the embedded models.
    """

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
        maximum_length: int | None = None,
    ) -> None:
        assert not network.training
        self.id = id
        self.digest = digest
        self.title = title or id
        self.card = card
        config = network.config
        self.labels: tuple[str, ...] = tuple(str(config.id2label[i]) for i in range(config.num_labels))
        longest = longest_input(network, tokenizer)
        self.maximum_length = min(longest, maximum_length or longest)
        ids = baseline_ids(tokenizer, vocabulary=config.vocab_size)
        self.baselines: tuple[BaselineKind, ...] = (*ids, "zero", "mean", "text")
        masked = {Need.OUTPUTS} if ids else set()
        able = {Need.GRADIENTS, Need.ATTENTIONS, Need.FLOW, Need.LAYERS, Need.EMBEDDINGS, *masked}
        self.offers = frozenset(able - not_offered(config))
        self._network = Network(network)
        self.device = self._network.device.type
        self.task: Literal["text", "word"] = "word" if self._network.tags else "text"
        reading = reading_of(config.problem_type, outputs=config.num_labels, task=self.task)
        self.head: Head = reading.head
        self.assumed = reading.assumed
        self._encoder = TextEncoder(
            tokenizer=tokenizer,
            maximum_length=self.maximum_length,
            baselines=self.baselines,
            baseline_ids=ids,
            pad_position=pad_position(network),
            with_segments=reads_segments(network),
            tags=self._network.tags,
        )

    @property
    def tokenizer(self) -> Any:
        """The fast tokenizer that texts are read with."""
        return self._encoder.tokenizer

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for a text, player level or baseline that cannot be encoded."""
        inputs = self._encoder.encode(question)
        asked = inputs.outputs
        if isinstance(asked, WordOutput) and asked.word is None and ids_of(inputs).words:
            return replace(inputs, outputs=WordOutput(word=self._most_telling(inputs), also=asked.also))
        return inputs

    def output_of(self, inputs: Encoded) -> Output:
        if isinstance(inputs.outputs, WordOutput):
            words = ids_of(inputs).words
            return Words(self.labels, inputs.outputs.also, words=words, read=lambda: self.word_logits(inputs))
        return classifier_output(self.labels, self.head, inputs.outputs)

    def word_logits(self, inputs: Encoded) -> FloatArray:
        """Logits (words, labels) of a token classifier, fp32."""
        everywhere = self._network.everywhere(masking.whole_rows(self._network, inputs))
        found: FloatArray = everywhere[list(ids_of(inputs).reads)]
        return found

    def _most_telling(self, inputs: Encoded) -> int:
        """The word explained by default: the most confident one outside the text's majority class."""
        shares = probabilities(self.word_logits(inputs), "single")
        said = shares.argmax(axis=1)
        rare = said != np.bincount(said).argmax()
        sure = np.where(rare, 1.0, 0.0) + shares.max(axis=1) if rare.any() else shares.max(axis=1)
        return int(sure.argmax())

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        """Logits (inputs, labels) in fp32, each input alone: in a batch the same row would get other last bits."""
        rows = [windows.whole(self._network, one) for one in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, len(self.labels)))

    def scores(self, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
        """Logits (texts, labels) in fp32, many texts a pass: within 1e-5 of `predict`. Raises BadInput, Cancelled."""
        return bulk_logits(self._fast, self._encoder, texts, progress=progress)

    def states(self, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
        """Logits and states as the module itself computes them: its head can be listened to."""
        plain = self._quick(self._network.module)
        return bulk_states(plain, self._encoder, texts, progress=progress)

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        """Logits (rows, labels) of the coalitions `keep` (rows, players). bf16: the encoder's layers alone."""
        return windows.outputs(self.network_in(precision), inputs, keep)

    def outputs_by_window(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        """Logits (windows, rows, labels) of the coalitions `keep` (rows, players)."""
        return np.array(windows.outputs_by_window(self.network_in(precision), inputs, keep))

    def shares(self, inputs: Encoded, *, precision: Arithmetic) -> bytes | None:
        """The shape of its rows, where those of several texts keep their bits in one pass."""
        shape = masking.shared_shape(self._network, inputs)
        if shape is None:
            return None
        return shape if (self._half_shares if precision == "bf16" else self._fast_shares) else None

    @cached_property
    def _fast_shares(self) -> bool:
        return masking.keeps_bits(self._fast, self._read, "fp32")

    @cached_property
    def _half_shares(self) -> bool:
        return masking.keeps_bits(self._half, self._read, "bf16")

    def _read(self, text: str) -> Encoded:
        return self.encode(Question.about(text))

    def outputs_of_many(
        self, asked: Sequence[tuple[Encoded, BoolArray]], *, precision: Arithmetic = "fp32"
    ) -> FloatArray:
        """Logits (rows, labels) of coalitions of inputs that `shares` calls alike."""
        return masking.outputs_of_many(self.network_in(precision), asked)

    def network_in(self, precision: Arithmetic) -> Network:
        """The network for masked evaluations."""
        return self._half if precision == "bf16" else self._fast

    @cached_property
    def _fast(self) -> Network:
        """The network for masked evaluations and gradients; a prediction that is served goes through the module."""
        return stacks.stacked(self._network) or self._quick(self._network.module)

    @staticmethod
    def _quick(module: Any) -> Network:
        return Network(module) if module.config.model_type in IN_PLACE else QuickNetwork(module)

    @cached_property
    def _half(self) -> Network:
        if isinstance(self._fast, stacks.StackedNetwork):
            return stacks.StackedNetwork(self._network.module, dtype=torch.bfloat16)
        return self._quick(half.half_copy(self._network.module))

    @cached_property
    def half_check(self) -> HalfCheck:
        """Whether bf16 may stand for fp32 in masked evaluations, from its device and a comparison on fixed texts."""
        if self._network.module.config.model_type in FP32_ONLY:
            return HalfCheck(supported=False, rank_agreement=0.0, value_error=1.0)
        exact, rough = [], []
        for text in CHECK_TEXTS:
            inputs = self.encode(Question.about(text))
            keep = half.check_coalitions(len(inputs.features))
            exact.append(self.outputs(inputs, keep))
            rough.append(self.outputs(inputs, keep, precision="bf16"))
        return half.compare(np.concatenate(exact), np.concatenate(rough), supported=has_bf16(self._network.device))

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        """Logits and directional gradients at every point of the straight path from the baseline, in fp32."""
        return windows.path_gradients(self._fast, inputs, points, value=value, head=self.head, targets=targets)

    def embeddings(self, inputs: Encoded) -> FloatArray:
        """The word embeddings (tokens, width) of the input, its noise included."""
        return to_array(masking.path_ends(self._network, inputs)[0].double())

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        """Logits (rows, labels) with each player a share of the way from the baseline, `shares` (rows, players)."""
        return windows.blends(self._fast, inputs, shares)

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        """(players, words): to first order, what `target` loses if the word stood in the player's place."""
        windows.refuse_windows(inputs, "a replacement")
        return probing.replacement_falls(
            self._network, self._encoder.tokenizer, inputs, words, value=value, head=self.head, target=target
        )

    def randomised(self, seed: int) -> TransformerModel:
        """A second model of this architecture whose weights are drawn anew."""
        return TransformerModel(
            probing.redrawn(self._network.module, seed),
            self._encoder.tokenizer,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            maximum_length=self.maximum_length,
        )

    def layer_states(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> LayerStates:
        """Conductance of every layer's positions, and what the head reads from every layer. Raises Incompatible."""
        windows.refuse_windows(inputs, "what passes through a layer")
        return layers.layer_states(self._twin, inputs, points, value=value, head=self.head, targets=targets)

    @cached_property
    def _twin(self) -> Network:
        return attention.eager_twin(self._network)

    def attentions(self, inputs: Encoded, *, served: FloatArray | None = None) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(layers, heads, tokens, tokens); rows look, columns are looked at. Raises Incompatible."""
        windows.refuse_windows(inputs, "attention")
        return attention.attentions(self._twin, inputs, served=self.predict([inputs]) if served is None else served)

    def attention_gradients(
        self, inputs: Encoded, *, value: ValueName, targets: Sequence[int], served: FloatArray | None = None
    ) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Iterator[FloatArray]]:
        """Attentions and ∂v/∂attention of each target, (layers, heads, tokens, tokens). Raises Incompatible."""
        windows.refuse_windows(inputs, "attention")
        served = self.predict([inputs]) if served is None else served
        return attention.attention_gradients(
            self._twin, inputs, value=value, head=self.head, targets=targets, served=served
        )

    def pooled_token(self, inputs: Encoded) -> int:
        """The position whose last state the head reads. Raises Incompatible where it reads them all."""
        windows.refuse_windows(inputs, "the position that the classifier reads")
        return self._network.pooled(inputs)
