"""A template filled with a text: what the model reads, and which of it is the text's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ...contract import Encoded, Ids, Message, PromptInput, Question
from ...errors import BadInput
from ..text.encoding import TextEncoder, against, asked_outputs, focus_of, refuse_nothing, text_of, within
from ..text.ids import TextIds
from ..text.players import Piece, arrange
from ..text.readable import readable
from .reading import PromptReader

# The chat template of a model that has none: messages as they are, a blank line behind what is not asked.
PLAIN = "{% for m in messages %}{{ m['content'] }}{% if m['role'] != 'user' %}{{ '\\n\\n' }}{% endif %}{% endfor %}"


@dataclass(frozen=True)
class Filled:
    """A prompt with one text in it. pieces: for each token its characters in the text, or no part for what stays."""

    ids: Ids
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, kw_only=True)
class FilledTemplate:
    """Encodes texts that stand in a question; the players are parts of the text alone.

    turns: messages before the question, examples among them. around: the question before the text, and behind it.
    room: tokens that the model must still read behind the prompt.
    """

    reader: PromptReader
    encoder: TextEncoder = field(repr=False)
    turns: tuple[Message, ...] = ()
    around: tuple[str, str]
    room: int

    def read(self, text: str) -> Filled:
        """Raises BadInput for a text that the tokenizer cannot be given; BadModel for an unusable chat template."""
        before, behind = self.around
        question = Message(role="user", text=f"{before}{text}{behind}")
        prompt = PromptInput(messages=(*self.turns, question))
        reading = self.reader.read(prompt)
        last, stop = len(prompt.pieces) - 1, len(before) + len(text)
        pieces = [_inside(piece, last, len(before), stop) for piece in reading.pieces]
        if behind.strip():
            pieces[-1] = Piece(None)  # the answer is read there, whatever of the text has run into it
        return Filled(reading.ids, tuple(pieces))

    @cached_property
    def is_closed(self) -> bool:
        """Whether something of the template stands behind every text, so that a text can be left out of the prompt."""
        return self.read("a").pieces[-1].part is None

    @cached_property
    def before(self) -> int:
        """Tokens that stand before every text."""
        return next(number for number, piece in enumerate(self.read("a").pieces) if piece.part is not None)

    def encode(self, question: Question, *, model: str) -> Encoded:
        """Raises BadInput for a text that is too long, empty, or cannot be divided as asked."""
        given = text_of(question)
        if given.text_pair is not None:
            raise BadInput(f"{model} says a class of one text: leave text_pair out")
        text = readable(given.text, "text")
        baseline = self.encoder.baseline(question)
        focus = focus_of(question, text)
        read = self.read(text)
        self._refuse_long(read, model)
        arranged = arrange([text], within(read.pieces, focus), question.players)
        refuse_nothing(arranged, [text], focus)
        owner = np.asarray(arranged.owner, dtype=np.int64)
        encoded = Encoded(
            input=given,
            outputs=asked_outputs(question, (), tags=False),
            players=arranged.grain,
            baseline=None,
            features=arranged.features,
            focus=focus,
            tokens=self.reader.tokens(read.ids, read.pieces, arranged.owner, text=text, starts=(0,)),
            owner=owner,
            held=TextIds(ids=read.ids),
        )
        return against(encoded, baseline, self.encoder.absent(encoded, baseline))

    def bare(self, text: str, *, model: str) -> Encoded:
        """The prompt for many predictions: ids alone, without players. Raises BadInput."""
        read = self.read(readable(text, "text"))
        self._refuse_long(read, model)
        return self.of_ids(read.ids)

    def empty(self) -> Encoded:
        """The prompt with no text in it. Raises BadInput where nothing is left of the question."""
        return self.of_ids(self.read("").ids)

    @staticmethod
    def of_ids(ids: Ids) -> Encoded:
        """A prompt without players."""
        return Encoded(
            input=PromptInput.of(""),
            players="token",
            baseline=None,
            features=(),
            tokens=(),
            owner=np.full(len(ids), -1),
            held=TextIds(ids=ids),
        )

    def _refuse_long(self, read: Filled, model: str) -> None:
        most = self.encoder.maximum_length - self.room
        if len(read.ids) > most:
            text = sum(piece.part is not None for piece in read.pieces)
            raise BadInput(
                f"the prompt has {len(read.ids)} tokens, {text} of them the text's; {model} reads {most} before its "
                "answer: shorten the text"
            )


def _inside(piece: Piece, last: int, first: int, stop: int) -> Piece:
    """The piece as a part of the text, which lies from `first` to `stop` in the last message."""
    if piece.part != last or piece.end <= first or piece.start >= stop:
        return Piece(None)
    return replace(piece, part=0, start=max(piece.start, first) - first, end=min(piece.end, stop) - first)
