"""Contents of the pages of this feature: one frozen class a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...engine.schemas import ModelOut
from ...models.fetching import Waiting
from ...web.forms import FormError
from ..ask.outcome import PredictionView
from ..ask.schemas import PanelOut
from .compared import Compared
from .examples import Example
from .findings import Findings
from .further import FurtherView, StabilityView
from .view import Maps, MeasureRow, NumberRow, PaintedText, Stretch, WordClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """An earlier explanation in one line. Without a painted text its plain beginning is shown."""

    address: str
    painted: PaintedText | None
    text: str
    text_pair: str | None
    label: str
    probability: float | None
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    models: Sequence[ModelOut]
    model: ModelOut | None  # the one that is chosen
    text: str
    text_pair: str
    accuracy: str
    error: FormError | None
    examples: Sequence[Example]
    waiting: Waiting | None  # models for the reader's language that one command would add
    recents: Sequence[Recent]
    loading: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    value: str
    output: float | None
    baseline_output: float | None
    baseline: str | None
    players: str
    seed: int
    accuracy: str
    precision: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """The rules of the page, what may stand in their place, and what it costs."""

    players: str
    accuracy: str
    seed: int
    budget: int | None
    baseline: str | None
    value: str
    target: str | None  # None where all classes are covered
    baselines: Sequence[str]
    values: Sequence[str]
    labels: Sequence[str]
    seconds: float | None  # that the same takes, about
    evaluations: int  # masked evaluations that it took


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A link of a chain of changed texts."""

    number: int
    address: str
    label: str
    probability: float | None
    text: str
    current: bool
    compare: str | None  # with the version shown


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelPage:
    """The explanation page, of all methods or of one."""

    panel: PanelOut
    key: str
    address: str  # of this page, without settings
    model_title: str
    prediction: PredictionView
    predicted: int | None  # None for a regression
    specimen: Sequence[PaintedText]
    parts: Sequence[str]  # the players' texts
    part_texts: Mapping[int, str]
    tries: Sequence[int]
    unknown: Sequence[str]
    unseen: int  # characters that were cut
    windows: int  # in which a text longer than the model reads was read; 0 for one reading
    words: Sequence[PaintedText]  # of a token classifier: the texts with a cell for each word that has a class
    word_classes: Sequence[WordClass]
    word: int | None  # the one whose class is explained
    focus: str | None  # the place of the stretch whose parts are explained
    stretches: Sequence[Stretch]  # what can be asked for by its words
    focuses: Mapping[int, str]  # the place of each part, as the form sends it
    long: bool
    maps: Maps
    findings: Findings
    compared: Compared | None  # of a model that compares two texts
    finer: bool  # whether another game may be asked for
    attention: str | None  # the page of the heads
    rows: Sequence[NumberRow]
    output: str | None  # the output of a regression that the measures are of; None: the predicted class
    measures: Sequence[MeasureRow]
    scored: Sequence[str]
    measurable: Sequence[str]  # methods whose measures on demand can still be made
    refused: Mapping[str, FormError | None]  # what is wrong with what was sent, by the part that sent it
    measuring: str | None  # the method whose measures are being made
    measuring_share: float
    further: Sequence[FurtherView]  # questions that the page does not answer yet
    stability: StabilityView | None  # what it would be with other seeds and baselines
    anew: Anew | None  # by which rules the same can be asked again
    versions: Sequence[Version]
    draft: str | None  # a changed text that was sent
    coming: bool  # whether something on the page is still being made
    players: str
    facts: Facts | None
    baseline_says: str
    evaluations: int
    warnings: Sequence[Any]
    curl: str
    exports: Sequence[tuple[str, str, str]]  # the last part of the address, what it is, its form


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsFragment:
    maps: Maps
    key: str
    address: str
    attention: str | None
    finer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresFragment:
    address: str
    output: str | None  # the output of a regression that they are of; None: the predicted class
    measures: Sequence[MeasureRow]
    scored: Sequence[str]
    measurable: Sequence[str]
    measuring: str | None
    measuring_share: float
    refused: Mapping[str, FormError | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherFragment:
    address: str
    further: Sequence[FurtherView]
    stability: StabilityView | None
    maps: Maps
    prediction: PredictionView


@dataclass(frozen=True, slots=True, kw_only=True)
class TryPage:
    """The prediction of a changed text, beside that of the original."""

    address: str
    text: str
    text_pair: str | None
    model: str
    word: str
    word_index: int
    replacement: str
    changed: Sequence[PaintedText]
    before: PredictionView
    after: PredictionView
    shares_before: Mapping[int, float] | None
    error: FormError | None
