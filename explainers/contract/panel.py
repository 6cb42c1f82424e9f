"""All methods' explanations of one input together: how far they agree, what was tried, and the answer they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, computed_field

from .answer import Attribution, Level, ModelRecord, Notice, Prediction, Target
from .question import Input, Players, PromptInput, TextInput
from .records import Array, Value


class Agreement(Value):
    """How far methods agree on the predicted class; matrices (methods, methods), see metrics/agreement.py."""

    methods: tuple[str, ...]
    kendall_tau: Array
    top5_overlap: Array
    sign_agreement: Array


class Removal(Value):
    """The prediction after a method's strongest players were replaced by the baseline, all together."""

    method: str
    players: tuple[int, ...]
    probability: float | None  # None for a regression, as is the next
    predicted: Target | None


class Claim(Value):
    """A strongest claim of some methods about one player, tried on the model itself.

    `before` and `after`: probability of the predicted class (of a regression its first output) with the player and
    without. `fall`: what the log-odds of that class (of a regression its first output) lose without it. `predicted`:
    what the model says without it, None for a regression.
    """

    player: int
    says: Literal["raises", "lowers", "matters"]
    methods: tuple[str, ...]
    before: float
    after: float
    fall: float
    predicted: Target | None
    verdict: Literal["holds", "fails", "hardly"]


class Absent(Value):
    """A method that is not in the panel, and why."""

    method: str
    reason: Notice


class Reason(Value):
    """A player that the methods and the model itself agree on: named in the answer.

    strength: its score over the method's largest in size, the mean over the counted methods with sign, −1 … 1. fall:
    what the log-odds of the class (of a regression its first output) lose without it, as measured. methods: those
    that give it this sign.
    """

    player: int
    strength: float
    fall: float
    methods: tuple[str, ...]


class Without(Value):
    """The prediction with some players replaced by the baseline, all together.

    said: the class it then says; of independent labels, tokens and regressions the one that the answer is about.
    number: the probability of `said`, of a regression its value.
    """

    players: tuple[int, ...]
    said: Target
    number: float


class Answer(Value):
    """The answer in short, with its reasons and reliability: the facts behind the sentence `text`.

    kind: a class of several; a label that holds or does not, by itself; a value of a regression; a token.
    said, number: the class with its probability, of a regression the first output with its value; several: whether it
    has others. holds: of an
    independent label whether its probability reaches one half. word: of a token classifier the word that is explained.
    reasons, against: the players that speak for it and against it, strongest first: more than half of the counted
    methods with sign say so, and so does the model without them. methods: the counted methods, those with scores
    whose badge is not "distrust"; distrusted: the others with scores. agreeing: counted methods whose own strongest
    player is among the named and that give none of these the other sign.
    flips: every player without which alone the model says something else, the largest change first; None where that
    was not tried or does not exist (regressions, tokens). without: where no single one does, the smallest set of two
    to five that was tried and does; of a regression or a token what it becomes without the reasons. tried: how many
    such sets there were. trust: "distrust" where no method counts; "sound" where players are named, most counted
    methods agree and one of them is sound.
    """

    kind: Literal["class", "label", "value", "token"]
    said: Target
    number: float
    several: bool = False
    holds: bool = True
    word: str | None = None
    players: Players
    measured: bool
    reasons: tuple[Reason, ...] = ()
    against: tuple[Reason, ...] = ()
    methods: tuple[str, ...] = ()
    agreeing: tuple[str, ...] = ()
    distrusted: tuple[str, ...] = ()
    flips: tuple[Without, ...] | None = None
    without: Without | None = None
    tried: int = 0
    trust: Level
    text: str = ""


class Panel(Value):
    """Every method's explanation of one input from one shared coalition table."""

    # `text`, `text_pair` and `word` are computed: reading a stored record leaves them out and computes them again.
    model_config = ConfigDict(extra="ignore")

    model: ModelRecord
    input: Input
    prediction: Prediction
    explanations: tuple[Attribution, ...]
    absent: tuple[Absent, ...] = ()
    answer: Answer | None = None
    agreement: Agreement | None
    by_faithfulness: tuple[str, ...] = ()  # the methods measured against random parts, the most faithful first
    # Of each method the top 1, 3 and 5 players; beyond ten, and in windows beyond fewer, the top 1, 10 % and 20 %.
    removals: tuple[Removal, ...] = ()
    claims: tuple[Claim, ...] = ()
    baseline_prediction: Prediction | None = None
    evaluations: int = 0  # distinct coalitions in the shared table
    timings: Mapping[str, float] = {}
    warnings: tuple[Notice, ...] = ()

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

    def __str__(self) -> str:
        """The answer in a sentence."""
        from ..notebook import panel_text

        return panel_text(self)

    def _repr_html_(self) -> str:
        """The answer in a sentence, then every explanation under the other."""
        from ..notebook import panel_html

        return panel_html(self)
