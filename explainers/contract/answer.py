"""Answers: predictions, explanations and measures tried on the model beside them. No torch, no web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, computed_field, model_validator

from .features import Feature, Part, TextSpan, Token, text_spans
from .question import (
    Accuracy,
    BaselineKind,
    ClassOutput,
    Input,
    Outputs,
    Players,
    Precision,
    PromptInput,
    TextInput,
    ValueName,
    WordOutput,
)
from .records import Array, FloatArray, Value

# How the numbers of a model are read: soft-max, sigmoids, as they are, or two a token of a continuation.
Head = Literal["single", "multi", "regression", "tokens"]
Unit = Literal["log-odds", "logit", "probability", "margin", "output", "share", "relevance", "log-probability"]
Level = Literal["sound", "rough", "distrust"]
OnDemand = Literal["naopc", "infidelity", "max-sensitivity", "randomisation"]  # measures that ask the model anew


class Target(Value):
    """The subject of an explanation: one class, or one token of a continuation.

    index: its number among `Prediction.labels`. at: of an output token its place in the continuation, from 0.
    """

    index: int
    label: str
    at: int | None = Field(None, exclude_if=lambda at: at is None)


class WordLabel(Value):
    """The prediction of a token classifier for one word: the class at its first token."""

    text: str
    start: int
    end: int
    part: Part = "text"
    predicted: Target
    probability: float


class ModelRecord(Value):
    """Which model answered: its name, and the hash of all that decides its numbers."""

    id: str
    digest: str


class MethodRecord(Value):
    """Which method answered, with everything that decides its numbers."""

    name: str
    version: str
    options: Mapping[str, Any]
    seed: int


class Notice(Value):
    """Something a reader should know: a code to translate by, its values, and the English sentence."""

    code: str
    text: str
    values: Mapping[str, str | int | float | None] = {}


class Badge(Value):
    """How far an explanation can be trusted, from its own evidence; the first reason is the one to show."""

    level: Level
    reasons: tuple[Notice, ...] = Field(min_length=1)


class Prediction(Value):
    """The prediction for one input, in fp32 logits and float64 probabilities.

    Of a continuation `labels` are its tokens, each with its own logit and probability, and `predicted` is the first.
    A regression says values, each in its own unit: its `logits` are these, and it predicts no class.
    """

    labels: tuple[str, ...]
    logits: tuple[float, ...]
    probabilities: tuple[float, ...] | None  # None for a regression
    predicted: Target | None  # None for a regression
    words: tuple[WordLabel, ...] = ()  # of a token classifier: every word that it reads; the rest is of the word asked
    # Where only the strongest classes are listed: which of the model's classes they are, and how many are left out.
    numbers: tuple[int, ...] | None = Field(None, exclude_if=lambda numbers: numbers is None)
    left_out: int = Field(0, exclude_if=lambda count: count == 0)

    @property
    def numbered(self) -> Sequence[int]:
        """The number among the model's classes of every class that is listed."""
        return range(len(self.labels)) if self.numbers is None else self.numbers

    def place(self, index: int) -> int:
        """The position of class `index` in `labels`, `logits` and so on. Raises ValueError where it is left out."""
        return self.numbered.index(index)

    def strongest(self, count: int, *, keep: Sequence[int] = ()) -> Prediction:
        """The prediction with its `count` strongest classes and those of `keep`, in the model's order.

        Outputs of a regression have no order of strength: the first ones are listed.
        """
        if len(self.labels) <= count:
            return self
        order = range(len(self.labels))
        ranked = order if self.predicted is None else sorted(order, key=lambda place: -self.logits[place])
        places = sorted({*ranked[:count], *map(self.place, (self.main.index, *keep))})
        return self.model_copy(
            update={
                "labels": tuple(self.labels[place] for place in places),
                "logits": tuple(self.logits[place] for place in places),
                "probabilities": self.probabilities and tuple(self.probabilities[place] for place in places),
                "numbers": tuple(self.numbered[place] for place in places),
                "left_out": self.left_out + len(self.labels) - len(places),
            }
        )

    @property
    def main(self) -> Target:
        """The target that comes first and that measures are taken of: the predicted class, of a regression its first
        output."""
        return self.predicted or Target(index=0, label=self.labels[0])


class Rival(Value):
    """A token that could stand in a place, and its log-probability there."""

    text: str
    logprob: float


class Layers(Value):
    """Contributions and readings of each layer, the embeddings (layer 0) first.

    parts, pooled: the conductance that passes through the positions of each player (targets, layers, players) and
    through the position that the classifier reads (targets, layers); what is missing to output − baseline output
    passes through other special tokens. `pooled` is None where the classifier reads the mean of all positions.
    readings: (targets, layers) the value function that the classifier reads from the states of this layer.
    words: of a language model, for each layer and token of the answer the five words that would be said there.
    """

    parts: Array
    pooled: Array | None = None
    readings: Array
    words: tuple[tuple[tuple[Rival, ...], ...], ...] = Field((), exclude_if=lambda words: not words)


class Emptied(Value):
    """The score of two sides with the players of one of them absent, or of both.

    An encoder gives a text without words a direction as well; what is left is its share in every score.
    """

    first: float
    second: float
    both: float


class Edit(Value):
    """A set of players without which the model says something else, tried on the model itself.

    probability: of the class that was predicted for the whole text; output: its value function, of a regression the
    value of its first output. text, text_pair: with the players deleted instead of masked; deleted_…: what the model
    says of that, and deleted_output is None where nothing is left to read. predicted and the probabilities are None for
    a regression.
    """

    players: tuple[int, ...]
    predicted: Target | None
    probability: float | None
    output: float
    text: str | None = None  # of an image None: no part of it can be deleted
    text_pair: str | None = None
    replacements: tuple[str, ...] = ()  # what stands in the players' places, where the edit replaces
    deleted_predicted: Target | None = None
    deleted_probability: float | None = None
    deleted_output: float | None = None


class Gain(Value):
    """By how much a map does better than random parts of this very text, in probability of the predicted class.

    low, high: its 95 % interval, over which random sets were tried; below 0 the map does worse than chance.
    """

    value: float
    low: float
    high: float


class Faithfulness(Value):
    """How faithful a map is on this text, against random parts in equal numbers (metrics/against_random.py).

    comprehensiveness: how much further the prediction falls without the map's strongest parts than without random ones.
    sufficiency: how much less it falls with them alone than with random ones alone. Means over the bins of
    metrics.faithfulness; above 0 is better than random. sets: random sets that were tried, of both kinds.
    """

    comprehensiveness: Gain
    sufficiency: Gain
    sets: int


class Attribution(Value):
    """The explanation of one input by one method, for one or more classes.

    `scores` has shape (targets, features) in `unit`; None for a method that shows a mechanism instead of
    scoring (raw attention). `relations` has shape (layers, heads, tokens, tokens) and is served apart; where `looking`
    lists other tokens than `tokens`, those are its rows.
    `interactions` has shape (targets, features, features), symmetric: what two players do only together, and on
    the diagonal what a player does alone. `layers` and `edits` belong to the methods of those names.
    """

    # `text`, `text_pair` and `word` are computed: reading a stored record leaves them out and computes them again.
    model_config = ConfigDict(extra="ignore")

    model: ModelRecord
    method: MethodRecord
    input: Input
    outputs: Outputs = ClassOutput()
    players: Players
    value: ValueName
    baseline: BaselineKind | None
    baseline_text: str | None = None
    precision: Precision
    device: str = "cpu"  # where the model computed: cpu or cuda
    accuracy: Accuracy = "normal"  # when sampling stops
    budget: int | None = None  # masked evaluations at most, of the question or of a text in windows; None: the default
    features: tuple[Feature, ...]
    unseen: tuple[TextSpan, ...] = ()  # cut at the model's maximum length: no part of the game
    windows: tuple[Feature, ...] = ()  # of a text longer than the model reads, each read alone
    focus: TextSpan | None = None  # the stretch whose parts are the players; the text around it stays
    tokens: tuple[Token, ...] = ()
    looking: tuple[Token, ...] = ()
    prediction: Prediction
    targets: tuple[Target, ...]
    unit: Unit
    scores: Array | None = None
    standard_errors: Array | None = None  # (targets, features), sampling methods only
    output: Array  # (targets,) the value function of the whole input
    baseline_output: Array | None = None  # (targets,) the value function with every player absent
    relations: Annotated[Any, Field(exclude=True)] = None
    interactions: Array | None = None
    interaction_errors: Array | None = None  # standard errors of the pairs, sampled games of two sides only
    emptied: Emptied | None = None  # of two sides that are compared
    layers: Layers | None = None
    edits: tuple[Edit, ...] = ()
    checks: Mapping[str, float | None] = {}
    faithfulness: Faithfulness | None = None  # None without scores, masking or probabilities
    badge: Badge | None = None
    forward_passes: int = 0  # rows that went through the model for this method and were not in the table before
    timings: Mapping[str, float] = {}  # seconds by phase
    warnings: tuple[Notice, ...] = ()

    @model_validator(mode="after")
    def _shapes_agree(self) -> Self:
        want = (len(self.targets), len(self.features))
        for name in ("scores", "standard_errors"):
            array = getattr(self, name)
            if array is not None and array.shape != want:
                raise ValueError(f"{name} have shape {array.shape}, expected {want}")
        if self.interactions is not None and self.interactions.shape != (*want, len(self.features)):
            raise ValueError(f"interactions have shape {self.interactions.shape}, expected {(*want, want[1])}")
        return self

    @computed_field  # type: ignore[prop-decorator]
    @property
    def text(self) -> str:
        """The text that was explained, in short for `input.text`; empty for an input of another kind."""
        return self.input.text if isinstance(self.input, TextInput | PromptInput) else ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def text_pair(self) -> str | None:
        """In short for `input.text_pair`."""
        return self.input.text_pair if isinstance(self.input, TextInput) else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def word(self) -> int | None:
        """The word of prediction.words whose class is explained (token classifiers); short for `outputs.word`."""
        return self.outputs.word if isinstance(self.outputs, WordOutput) else None

    @property
    def spans(self) -> tuple[TextSpan, ...]:
        """The features of a text. Raises TypeError for an input of another kind."""
        return text_spans(self.features)

    @property
    def residual(self) -> FloatArray | None:
        """f(x) − f(baseline) − Σ scores, one number a target; None where the method has no baseline or no scores."""
        if self.baseline_output is None or self.scores is None:
            return None
        gap: FloatArray = self.output - self.baseline_output - self.scores.sum(axis=1)
        return gap

    def row(self, target: int | str | None = None) -> int:
        """The row of `scores` for a class index or label; by default the predicted class. Raises KeyError."""
        wanted = self.prediction.main.index if target is None else target
        for row, known in enumerate(self.targets):
            if wanted in (known.index, known.label):
                return row
        raise KeyError(wanted)

    def __repr__(self) -> str:
        from ..notebook import repr_of

        return repr_of(self)

    def __str__(self) -> str:
        from ..notebook import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        """How a notebook shows it: escaped, without script or network."""
        from ..notebook import html_of

        return html_of(self)
