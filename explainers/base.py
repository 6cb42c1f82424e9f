"""The contract: what a model offers, what a method is, what it is given."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

from .attention_weights import AttentionWeights
from .types import (
    Attribution,
    BaselineKind,
    BoolArray,
    Feature,
    FloatArray,
    Head,
    MethodRecord,
    ModelRecord,
    Players,
    Precision,
    Prediction,
    Question,
    Target,
    Token,
    Unit,
    Value,
    ValueName,
)
from .values import value_of

if TYPE_CHECKING:
    from .coalitions import CoalitionTable


MOST_EXACT = 14  # players up to which all coalitions can be asked for


class Need(StrEnum):
    """What a method asks of a model; a method is offered only where `needs <= model.offers`."""

    OUTPUTS = "outputs"  # masked evaluations: the model has a baseline
    GRADIENTS = "gradients"
    ATTENTIONS = "attentions"
    EMBEDDINGS = "embeddings"  # of words that could stand in the text instead
    LAYERS = "layers"  # states of every layer, with gradients


class Promise(StrEnum):
    """What a method claims; the conformance tests hold it to that and the pages say it."""

    COMPLETE = "complete"  # scores sum to output − baseline output
    DUMMY = "dummy"  # a feature the model ignores gets nothing
    LINEAR = "linear"  # a linear model gives back its weights


Ids = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the model reads at once of a text that is longer: the text span, and one entry a token as in Encoded.

    places: the number of each token among the tokens of the whole text, −1 for special tokens.
    """

    span: Feature
    places: Ids
    ids: Ids
    segments: Ids | None = None
    positions: Ids | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One input as the model reads it. Arrays have one entry a token, in the model's order.

    ids, mask, segments, positions: exactly what is predicted on; None where the architecture has no such input.
    owner: the player a token belongs to, −1 for special tokens and for text around `focus`: they stay in every
    coalition.
    baseline_ids: the ids of the empty coalition; None for the embedding baselines 'zero' and 'mean'.
    noise: (tokens, width), added to the word embeddings of the input, not of the baseline; None for none.
    words, reads, word: of a token classifier: its words, the token at which it reads the class of each, and the number
    of the word that is explained.
    windows: of a text longer than the model reads; its tokens then hold no special ones, and it is read window by
    window, the logits averaged.
    """

    text: str
    text_pair: str | None = None
    players: Players
    baseline: BaselineKind | None
    baseline_text: str | None = None
    features: tuple[Feature, ...]
    unseen: tuple[Feature, ...] = ()
    focus: Feature | None = None
    tokens: tuple[Token, ...]
    ids: Ids
    segments: Ids | None = None
    positions: Ids | None = None
    owner: Ids
    baseline_ids: Ids | None = None
    noise: FloatArray | None = None
    words: tuple[Feature, ...] = ()
    reads: tuple[int, ...] = ()
    word: int | None = None
    windows: tuple[Window, ...] = ()

    def token_keep(self, keep: BoolArray) -> BoolArray:
        """(rows, players) → (rows, tokens); special tokens are always kept."""
        padded = np.concatenate([keep, np.ones((len(keep), 1), dtype=bool)], axis=1)
        kept: BoolArray = padded[:, self.owner]
        return kept

    def readings(self) -> tuple[Encoded, ...]:
        """The input as the model reads it at once: itself, or its windows with the players of the whole."""
        return tuple(self._reading(window) for window in self.windows) or (self,)

    def _reading(self, window: Window) -> Encoded:
        places, noise = window.places, self.noise
        special = places < 0
        ids = None if self.baseline_ids is None else np.where(special, window.ids, self.baseline_ids[places])
        return replace(
            self,
            tokens=tuple(Token(text="", special=True) if p < 0 else self.tokens[p] for p in places),
            ids=window.ids,
            segments=window.segments,
            positions=window.positions,
            owner=np.where(special, -1, self.owner[places]),
            baseline_ids=ids,
            noise=None if noise is None else np.where(special[:, None], 0.0, noise[places]),
            windows=(),
        )

    def by_player(self, token_scores: FloatArray) -> FloatArray:
        """(…, tokens) → (…, players): the sum over a player's tokens; special tokens are dropped."""
        sums = np.zeros((*token_scores.shape[:-1], len(self.features)))
        for token, player in enumerate(self.owner):
            if player >= 0:
                sums[..., player] += token_scores[..., token]
        return sums


@dataclass(frozen=True, slots=True)
class PathGradients:
    """Along x(α) = b + α (x − b), with v the value function.

    logits: (points, labels). products: (targets, points, tokens), ∇v(x(α)) · (x − b) summed over the embedding.
    """

    logits: FloatArray
    products: FloatArray


@dataclass(frozen=True, slots=True)
class LayerStates:
    """What goes on inside along x(α) = b + α (x − b), with v the value function; layer 0 is the embeddings.

    conductance: (targets, layers, tokens), ∫ ∂v/∂h · ∂h/∂α dα over the points, summed over a state h.
    readings: (layers, labels), the logits that the head gives for the states of each layer of x.
    """

    conductance: FloatArray
    readings: FloatArray


class Model(Protocol):
    """What a method may ask. Masking belongs to the model: a method speaks of players, never of tokens."""

    id: str
    digest: str
    labels: tuple[str, ...]
    head: Head
    offers: frozenset[Need]
    baselines: tuple[BaselineKind, ...]  # the first is the default; empty: masking methods are not offered

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for a text, player level or baseline that cannot be encoded."""
        ...

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        """Served logits (inputs, labels), fp32 arithmetic."""
        ...

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Literal["fp32", "bf16"] = "fp32") -> FloatArray:
        """Logits (rows, labels) of the coalitions `keep` (rows, players), as one batch of equal-length rows."""
        ...


class GradientModel(Model, Protocol):
    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        """One batch of points on the straight path from the baseline.

        Word embeddings move, positions and segments do not. With a baseline of ids, special tokens do not move.
        """
        ...

    def embeddings(self, inputs: Encoded) -> FloatArray:
        """The word embeddings (tokens, width) of the input, its noise included."""
        ...

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        """Logits (rows, labels) with each player's word embeddings the given share of the way from the baseline to the
        input, `shares` (rows, players); fp32."""
        ...

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        """(players, words): to first order, what the value of `target` loses with the word in the player's place."""
        ...

    def randomised(self, seed: int) -> GradientModel:
        """Another model of this architecture whose weights are drawn anew; this one stays as it is."""
        ...


class AttentionModel(GradientModel, Protocol):
    def attentions(self, inputs: Encoded, *, served: FloatArray | None = None) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(layers, heads, tokens, tokens); rows look, columns are looked at. `served`: the prediction's logits
        (1, labels), where they are known already."""
        ...

    def attention_gradients(
        self, inputs: Encoded, *, value: ValueName, targets: Sequence[int], served: FloatArray | None = None
    ) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Iterator[FloatArray]]:
        """Attentions, and ∂v/∂attention of each target in turn, all (layers, heads, tokens, tokens)."""
        ...

    def pooled_token(self, inputs: Encoded) -> int:
        """The position whose last state the classifier reads."""
        ...


class LayerModel(GradientModel, Protocol):
    def layer_states(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> LayerStates:
        """`points` rise from 0 to 1; the integral follows the states from each point to the next."""
        ...

    def pooled_token(self, inputs: Encoded) -> int: ...


class Progress(Protocol):
    """Called between batches with the share done; raises Cancelled when asked to stop."""

    def __call__(self, done: float, note: str = "") -> None: ...


def silent(done: float, note: str = "") -> None:
    """Progress for callers that do not watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything one explanation is made from. A new need of a method is a new field here."""

    model: Any  # a Model; a method's `needs` says which further protocol it may rely on
    inputs: Encoded
    prediction: Prediction
    targets: tuple[int, ...]
    value: ValueName
    table: CoalitionTable
    precision: Literal["fp32", "bf16"] = "fp32"
    budget: int | None = None
    most_exact: int = MOST_EXACT  # players up to which all coalitions may be evaluated
    seed: int = 0
    progress: Progress = silent
    attention: AttentionWeights = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Made anew with every copy, so that another model or other embeddings never get this one's.
        object.__setattr__(self, "attention", AttentionWeights(self.model, self.inputs, self.table.whole))

    def values(self, logits: FloatArray) -> FloatArray:
        """Logits (rows, labels) → the explained number (rows, targets)."""
        return value_of(logits, self.value, head=self.model.head, targets=self.targets)

    def result(self, method: Explainer, *, unit: Unit | None = None, **found: Any) -> Attribution:
        """The method's finding with everything that is known already. The unit is the value function's unless given."""
        labels = self.model.labels
        found.setdefault("output", self.values(self.table.whole)[0])
        return Attribution(
            model=ModelRecord(id=self.model.id, digest=self.model.digest),
            method=method.record(seed=self.seed),
            text=self.inputs.text,
            text_pair=self.inputs.text_pair,
            players=self.inputs.players,
            value=self.value,
            baseline=self.inputs.baseline,
            baseline_text=self.inputs.baseline_text,
            precision=self.precision,
            device=getattr(self.model, "device", "cpu"),
            budget=self.budget,
            features=self.inputs.features,
            unseen=self.inputs.unseen,
            windows=tuple(window.span for window in self.inputs.windows),
            word=self.inputs.word,
            focus=self.inputs.focus,
            tokens=self.inputs.tokens,
            prediction=self.prediction,
            targets=tuple(Target(index=t, label=labels[t]) for t in self.targets),
            unit=unit or self.value,
            **found,
        )


class Explainer(Value):
    """A method together with its options: the fields are the options."""

    name: ClassVar[str]  # in the URL, on the command line, in JSON
    version: ClassVar[str] = "1"  # raised when the same options give other scores
    title: ClassVar[str]
    reference: ClassVar[str]
    needs: ClassVar[frozenset[Need]]
    scale: ClassVar[Literal["signed", "magnitude", "none"]] = "signed"
    promises: ClassVar[frozenset[Promise]] = frozenset()
    players_limit: ClassVar[int | None] = None  # more are refused, with a coarser level as the cure

    @abstractmethod
    def explain(self, case: Case) -> Attribution: ...

    def record(self, *, seed: int) -> MethodRecord:
        return MethodRecord(name=self.name, version=self.version, options=self.model_dump(mode="json"), seed=seed)


__all__ = [
    "AttentionModel",
    "Case",
    "Encoded",
    "Explainer",
    "GradientModel",
    "LayerModel",
    "LayerStates",
    "Model",
    "Need",
    "PathGradients",
    "Precision",
    "Progress",
    "Promise",
    "Window",
    "silent",
]
