"""Messages that the engine answers: one frozen class an operation, with the type of its answer, its cost, its urgency.

To add one: a class here, and in operations.py what the engine does for it. Every layer between passes it on by `ask`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from .._library import explainers
from ..store.arrays import unpack
from .demand.costs import estimate, tokens, tokens_of
from .errors import from_wire
from .schemas import ModelOut

Text: TypeAlias = str | tuple[str, str]  # one text, or a pair
FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
A = TypeVar("A")
NOTHING: Mapping[str, Any] = {}
# Among the arrays of an explanation what a page shows or plays: a picture's copy (WebP), a recording's (FLAC), what is
# heard in place of an absent stretch (FLAC), and the heights of the waveform (a byte each).
PICTURE, RECORDING, ABSENT, WAVEFORM = "picture", "recording", "absent", "waveform"
KEPT = frozenset({PICTURE, RECORDING, ABSENT, WAVEFORM})


class Priority(IntEnum):
    """The lower number runs first; a running higher number lets it in between two batches."""

    PREDICTION = 0  # somebody waits for one forward pass
    EXPLANATION = 1  # somebody waits for one explanation
    BACKGROUND = 2  # nobody waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """An explanation as it is stored: the JSON is made once, in the engine, and not read on its way."""

    body: bytes  # an Attribution as JSON, with its residual
    method: str
    target: Mapping[str, Any]  # what the prediction says, as JSON values
    passes: int  # rows that went through the model
    seconds: float  # that the engine worked
    arrays: Mapping[str, bytes] = field(default_factory=dict)  # compressed safetensors by name


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedPanel:
    """A panel as it is stored: its JSON without the explanations, and those as each of them is stored."""

    body: bytes
    target: Mapping[str, Any]
    seconds: float
    parts: tuple[Explained, ...]

    @property
    def passes(self) -> int:
        return sum(part.passes for part in self.parts)


class Message(BaseModel, Generic[A]):
    """A question whose answer is an A. Answered at once, beside the work of the models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def op(cls) -> str:
        """The name under which it travels."""
        return cls.__name__.lower()

    @property
    def cost(self) -> int:
        """Estimated rows x tokens that it takes; 0: it asks no model."""
        return 0

    @property
    def asked_questions(self) -> tuple[explainers.Question, ...]:
        """The questions in it."""
        return ()

    def spent(self, answer: A) -> int:
        """Rows x tokens that it took, going by the answer."""
        return self.cost

    def read(self, travelled: Any) -> A:
        """The answer from the values of msgpack that the engine sent."""
        raise NotImplementedError

    def to_wire(self) -> dict[str, Any]:
        """The message as values of msgpack: the name of the operation and what is asked."""
        return {"op": self.op(), "asked": self.model_dump(), **self._files()}

    def _files(self) -> dict[str, Any]:
        """The pictures and recordings of the questions, which their fields name by their hashes alone."""
        pictures = [each.input for each in self.asked_questions if isinstance(each.input, explainers.FileInput)]
        held = {each.digest: (each.content, each.name) for each in pictures if each.content is not None}
        return {"files": held} if held else {}


class Asking(Message[A], Generic[A]):
    """A question put to a model: it waits in the queue of the work, and for the model to be loaded."""

    urgency: ClassVar[Priority]
    model: str


class Predict(Asking[tuple[explainers.Prediction, ...]]):
    urgency = Priority.PREDICTION
    questions: tuple[explainers.Question, ...]

    @property
    def asked_questions(self) -> tuple[explainers.Question, ...]:
        return self.questions

    @property
    def cost(self) -> int:
        return sum(map(tokens, self.questions))

    def read(self, travelled: Any) -> tuple[explainers.Prediction, ...]:
        return tuple(explainers.Prediction.model_validate_json(each) for each in travelled)


class Score(Asking[FloatArray]):
    """Logits (texts, labels) of many texts at once: full batches, several times as fast as predictions."""

    urgency = Priority.BACKGROUND
    texts: tuple[Text, ...]

    @property
    def cost(self) -> int:
        return sum(tokens_of(*((text,) if isinstance(text, str) else text)) for text in self.texts)

    def read(self, travelled: Any) -> FloatArray:
        return unpack(travelled)


class States(Score):
    """Logits, and behind them the state of each text that the head reads: (texts, labels + width)."""


class Vectors(States):
    """`States` of a few texts, for which somebody waits."""

    urgency = Priority.PREDICTION


class Explain(Asking[Explained]):
    urgency = Priority.EXPLANATION
    question: explainers.Question
    method: str
    options: Mapping[str, Any] = {}
    measures: tuple[str, ...] = ()

    @property
    def asked_questions(self) -> tuple[explainers.Question, ...]:
        return (self.question,)

    @property
    def cost(self) -> int:
        return estimate(self.question)

    def spent(self, answer: Explained) -> int:
        return tokens(self.question) * max(1, answer.passes)

    def read(self, travelled: Any) -> Explained:
        return Explained(**travelled)


class ExplainMany(Asking[tuple[Explained | Exception, ...]]):
    """One method's explanations of many texts, whose rows share passes; of a text that has none the reason."""

    urgency = Priority.BACKGROUND
    questions: tuple[explainers.Question, ...]
    method: str
    options: Mapping[str, Any] = {}
    measures: tuple[str, ...] = ()

    @property
    def asked_questions(self) -> tuple[explainers.Question, ...]:
        return self.questions

    @property
    def cost(self) -> int:
        return sum(map(estimate, self.questions))

    def spent(self, answer: tuple[Explained | Exception, ...]) -> int:
        passes = [each.passes if isinstance(each, Explained) else 0 for each in answer]
        return sum(tokens(asked) * max(1, count) for asked, count in zip(self.questions, passes, strict=True))

    def read(self, travelled: Any) -> tuple[Explained | Exception, ...]:
        return tuple(from_wire(**each) if "code" in each else Explained(**each) for each in travelled)


class MakePanel(Asking[ExplainedPanel]):
    urgency = Priority.EXPLANATION
    question: explainers.Question
    methods: tuple[str, ...] | None = None
    arriving: bool = False  # a Listener hears of each part as soon as it is there

    @property
    def asked_questions(self) -> tuple[explainers.Question, ...]:
        return (self.question,)

    @property
    def cost(self) -> int:
        return estimate(self.question)

    def spent(self, answer: ExplainedPanel) -> int:
        return tokens(self.question) * max(1, answer.passes)

    def read(self, travelled: Any) -> ExplainedPanel:
        parts = tuple(Explained(**part) for part in travelled["parts"])
        return ExplainedPanel(**{**travelled, "parts": parts})


class Generate(Asking[bytes]):
    """Ask for the answer of a language model, JSON of a Generation. Progress tells the answer so far as its note."""

    urgency = Priority.EXPLANATION
    question: explainers.Question
    decoding: explainers.Decoding

    @property
    def asked_questions(self) -> tuple[explainers.Question, ...]:
        return (self.question,)

    @property
    def cost(self) -> int:
        return tokens(self.question) + self.decoding.max_tokens

    def read(self, travelled: Any) -> bytes:
        return bytes(travelled)


class Register(Message[ModelOut]):
    """Starts loading a folder. Raises BadModel with the reason."""

    path: str

    def read(self, travelled: Any) -> ModelOut:
        return ModelOut.model_validate(travelled)


class Load(Message[ModelOut]):
    """Starts loading a model, if it is not there. Raises UnknownModel."""

    model: str

    def read(self, travelled: Any) -> ModelOut:
        return ModelOut.model_validate(travelled)


class Forget(Message[None]):
    model: str

    def read(self, travelled: Any) -> None:
        return None


class Count(Message[bytes]):
    """Ask for the engine's counts of its work, in the format of Prometheus."""

    def read(self, travelled: Any) -> bytes:
        return bytes(travelled)


MESSAGES: Mapping[str, type[Message[Any]]] = {
    each.op(): each
    for each in (
        Predict, Score, States, Vectors, Explain, ExplainMany, MakePanel, Generate, Register, Load, Forget, Count,
    )
}  # fmt: skip


def received(op: str, asked: Mapping[str, Any], files: Mapping[str, Any] = NOTHING) -> Message[Any]:
    """files: content and name of each picture and recording, by its digest. Raises ValueError for an operation that is
    not there."""
    if op not in MESSAGES:
        raise ValueError(f"no operation is called {op!r}")
    message = MESSAGES[op].model_validate(asked)
    for question in message.asked_questions:
        if isinstance(given := question.input, explainers.FileInput) and given.digest in files:
            content, name = files[given.digest]
            given.hold(content, name=name)
    return message
