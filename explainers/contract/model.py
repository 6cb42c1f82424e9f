"""The contract of a model. Masking belongs to it: a method speaks of players, never of tokens or pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NoReturn, Protocol, TypeAlias

import numpy as np

from ..errors import Incompatible
from .answer import Head, Notice, Rival
from .encoded import Encoded
from .features import Token
from .generation import Decoding, Generation
from .output import Output
from .progress import Progress, silent
from .question import BaselineKind, Question, ValueName
from .records import BoolArray, FloatArray

Arithmetic: TypeAlias = Literal["fp32", "bf16"]
Text: TypeAlias = str | tuple[str, str]  # one text, or a pair
Weights: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
AGREEMENT = 0.95  # Kendall's τ between fp32 and bf16 over the check's coalitions, at least
ERROR = 0.05  # relative L2 error of the centred logits, at most


class Need(StrEnum):
    """A capability that a method needs of a model; a method is offered only where `needs <= model.offers`."""

    OUTPUTS = "outputs"  # masked evaluations: the model has a baseline
    GRADIENTS = "gradients"
    ATTENTIONS = "attentions"
    FLOW = "flow"  # attentions of the positions to one another, which can be followed from layer to layer
    EMBEDDINGS = "embeddings"  # of words that could stand in the text instead
    LAYERS = "layers"  # states of every layer, with gradients
    ANSWERS = "answers"  # it says something to a prompt, token by token
    MAPS = "maps"  # maps of the last convolution, with gradients
    FACTORS = "factors"  # the vectors of two sides, whose inner product is the output


@dataclass(frozen=True, slots=True)
class PathGradients:
    """Along x(α) = b + α (x − b), with v the value function.

    logits: (points, columns), as the output keeps them. products: (targets, points, positions), ∇v(x(α)) · (x − b)
    summed over the width of a position.
    """

    logits: FloatArray
    products: FloatArray


@dataclass(frozen=True, slots=True)
class LayerStates:
    """States of the layers along x(α) = b + α (x − b), with v the value function; layer 0 is the embeddings.

    words: of a language model, for each layer and token the words that the head finds most probable there.

    conductance: (targets, layers, positions), ∫ ∂v/∂h · ∂h/∂α dα over the points, summed over a state h.
    readings: (layers, columns), what the head gives for the states of each layer of x.
    """

    conductance: FloatArray
    readings: FloatArray
    words: tuple[tuple[tuple[Rival, ...], ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfCheck:
    """Whether bf16 may be used for one model on its device, and the evidence.

    supported: the device has bf16 arithmetic. rank_agreement: Kendall's τ of the logits over coalitions, the
    lowest of the labels. value_error: ‖bf16 − fp32‖ / ‖fp32 − its mean‖ of the logits, the highest of the labels.
    """

    supported: bool
    rank_agreement: float
    value_error: float

    @property
    def ok(self) -> bool:
        """Supported, and as close as masked evaluations have to be."""
        return self.supported and self.rank_agreement >= AGREEMENT and self.value_error <= ERROR


class Offering(Protocol):
    """The facts about a model that decide whether a method can run on it."""

    @property
    def id(self) -> str:
        """The name that the model is asked for by."""

    @property
    def offers(self) -> frozenset[Need]:
        """Everything that it can give to a method."""


class Model(ABC):
    """Everything that is used of a model, by methods, measures, the runner and the application.

    Encoding, predicting and masked evaluations every model has; the rest belongs to what it `offers`, and asked of one
    that does not offer it raises Incompatible.

    id: as it stands in addresses. digest: a hash of all that decides its numbers. title: as people call it.
    labels: its classes; empty where they depend on the question. head: how its numbers are read.
    task: whether it says something of the whole text, of each word, continues the text, compares two, looks at a
    picture, or hears a recording.
    baselines: what may stand for an absent player, the default first; empty: masking methods are not offered.
    device: where it computes, cpu or cuda. maximum_length: positions that it reads at once, None for no limit.
    card: what is known of how it was made. assumed: how its outputs are read where its configuration does not say.
    """

    id: str
    digest: str
    title: str
    labels: tuple[str, ...]
    head: Head
    task: Literal["text", "word", "tokens", "similarity", "image", "speech"] = "text"
    offers: frozenset[Need]
    baselines: tuple[BaselineKind, ...]
    device: str = "cpu"
    maximum_length: int | None = None
    card: Mapping[str, Any] | None = None
    assumed: tuple[Notice, ...] = ()

    # every model:

    @abstractmethod
    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for an input, player level, baseline or output that the model does not have."""

    @abstractmethod
    def output_of(self, inputs: Encoded) -> Output:
        """The output that is explained, as `inputs.outputs` names it: how the columns below are read."""

    @abstractmethod
    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        """Served columns (inputs, columns), fp32 arithmetic, each input alone."""

    @abstractmethod
    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        """Columns (rows, columns) of the coalitions `keep` (rows, players), as one batch of equal-length rows."""

    def outputs_by_window(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        """Columns (windows, rows, columns) of an input that is read in windows, `outputs` their mean: one window of a
        model that does not tell them apart."""
        return self.outputs(inputs, keep, precision=precision)[None]

    def shares(self, inputs: Encoded, *, precision: Arithmetic) -> bytes | None:
        """A key that inputs have in common whose coalitions may share a pass; None for those asked by themselves.

        A row of such a pass has the bits that it has without the others (game/batches.py, Pass).
        """
        return None

    def outputs_of_many(
        self, asked: Sequence[tuple[Encoded, BoolArray]], *, precision: Arithmetic = "fp32"
    ) -> FloatArray:
        """Columns (rows, columns) of the coalitions of several inputs that share a pass, one after the other."""
        return np.concatenate([self.outputs(inputs, keep, precision=precision) for inputs, keep in asked])

    @property
    def half_check(self) -> HalfCheck | None:
        """Whether bf16 may stand for fp32 in masked evaluations; None for a model without arithmetic of its own."""
        return None

    def scores(self, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
        """Logits (texts, labels) of many texts, or of many pairs, in their order: within 1e-5 of `predict`.

        Raises BadInput with the number of a text that cannot be read, Cancelled between batches.
        """
        rows = []
        for number, text in enumerate(texts):
            progress(number / len(texts))
            first, second = (text, None) if isinstance(text, str) else text
            rows.append(self.predict([self.encode(Question.about(first, second))]))
        return np.concatenate(rows) if rows else np.zeros((0, len(self.labels)))

    def states(self, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
        """Logits, and behind them the state of each text that the head reads: (texts, labels + width).

        width is 0 for a model that has no such state. Raises BadInput and Cancelled as `scores` does.
        """
        return self.scores(texts, progress=progress)

    def split(self, inputs: Encoded, chosen: Sequence[int]) -> Encoded:
        """Cut some players of the input, by number, into smaller ones; the others keep their positions.

        Raises Incompatible for an input whose players cannot be cut.
        """
        raise Incompatible(f"{self.id} cannot cut {inputs.players}s into smaller ones", reason="lacks", model=self.id)

    # Need.GRADIENTS:

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        """One batch of points on the straight path from the baseline.

        What features consist of moves (word embeddings, pixels), places and segments do not. With a baseline of ids,
        special positions do not move.
        """
        self._lacks(Need.GRADIENTS)

    def embeddings(self, inputs: Encoded) -> FloatArray:
        """Embeddings of the input (positions, width), its noise included."""
        self._lacks(Need.GRADIENTS)

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        """Columns (rows, columns) with what each player consists of the given share of the way from the baseline to the
        input, `shares` (rows, players); fp32."""
        self._lacks(Need.GRADIENTS)

    def randomised(self, seed: int) -> Model:
        """Another model of this architecture whose weights are drawn anew; this one stays as it is."""
        self._lacks(Need.GRADIENTS)

    # Need.MAPS:

    def feature_maps(self, inputs: Encoded, *, value: ValueName, targets: Sequence[int]) -> FloatArray:
        """(targets, positions): maps of the last convolution, each weighted by the mean gradient of the value to it,
        added up and spread over the positions of the input; the sum of a map is that of the coarse one."""
        self._lacks(Need.MAPS)

    # Need.EMBEDDINGS:

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        """(players, words): to first order, what the value of `target` loses with the word in the player's place."""
        self._lacks(Need.EMBEDDINGS)

    # Need.ATTENTIONS:

    def attentions(self, inputs: Encoded, *, served: FloatArray | None = None) -> Weights:
        """(layers, heads, positions, positions); rows look, columns are looked at. Of an encoder with a decoder the
        rows are the tokens of the answer. `served`: the prediction's columns (1, columns), where they are known
        already."""
        self._lacks(Need.ATTENTIONS)

    def attention_gradients(
        self, inputs: Encoded, *, value: ValueName, targets: Sequence[int], served: FloatArray | None = None
    ) -> tuple[Weights, Iterator[FloatArray]]:
        """Attentions, and ∂v/∂attention of each target in turn, all (layers, heads, positions, positions)."""
        self._lacks(Need.FLOW)

    def pooled_token(self, inputs: Encoded) -> int:
        """The position whose last state the classifier reads. Raises Incompatible where it reads several."""
        self._lacks(Need.ATTENTIONS)

    def readers(self, inputs: Encoded, targets: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """The positions whose last states each target is read from. Raises Incompatible where that is all of them."""
        return ((self.pooled_token(inputs),),) * len(targets)

    def attended(self, inputs: Encoded) -> tuple[Token, ...]:
        """The positions of the attention weights as they are shown: those of the input, and what it is followed by."""
        return inputs.tokens

    def looking(self, inputs: Encoded) -> tuple[Token, ...]:
        """The rows of the attention weights where they are other tokens than `attended`; else empty."""
        return ()

    # Need.LAYERS:

    def layer_states(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> LayerStates:
        """`points` rise from 0 to 1; the integral follows the states from each point to the next."""
        self._lacks(Need.LAYERS)

    # Need.ANSWERS:

    def generate(self, question: Question, decoding: Decoding, *, progress: Progress = silent) -> Generation:
        """The answer to the input of a question. progress hears the answer so far; it may raise Cancelled."""
        self._lacks(Need.ANSWERS)

    def instead(self, inputs: Encoded, keep: BoolArray, target: int) -> str:
        """The token that would come without some players, `keep` (1, players), in the place of a target; of several
        tokens together the first that is another one."""
        self._lacks(Need.ANSWERS)

    # Need.FACTORS:

    def factors(self, inputs: Encoded, side: int, keep: BoolArray) -> FloatArray:
        """Vectors (rows, width) of one side, 0 or 1, for sets `keep` (rows, players of the side) of its own players.

        The output is the inner product of a vector of each side, whatever the other side's players do.
        """
        self._lacks(Need.FACTORS)

    def _lacks(self, need: Need) -> NoReturn:
        raise Incompatible(f"{self.id} does not offer {need}", reason="lacks", model=self.id, lacking=str(need))
