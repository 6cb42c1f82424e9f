"""From a question to a prompt as a model reads it: which token belongs to which word, sentence or part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...contract import Encoded, PromptInput, PromptPart, Question, TextInput, TextSpan
from ...errors import BadInput
from ..text.encoding import TextEncoder, against
from ..text.ids import TextIds
from ..text.players import Piece, arrange
from .reading import PromptReader, Reading


@dataclass(frozen=True)
class PromptEncoder:
    """Encodes prompts; what stands for an absent token is the text encoder's to say."""

    reader: PromptReader
    encoder: TextEncoder = field(repr=False)

    def read(self, question: Question) -> Reading:
        """The prompt with its template. Raises BadInput, BadModel."""
        return self.reader.read(_prompt_of(question))

    def encode(self, question: Question, *, model: str) -> Encoded:
        """Raises BadInput for a prompt that is too long, empty, or cannot be divided as asked; BadModel."""
        prompt = _prompt_of(question)
        baseline = self.encoder.baseline(question)
        if baseline == "text":
            raise BadInput("baseline 'text' is for single texts without a template; choose hidden, deleted or eos")
        reading = self.reader.read(prompt)
        self._refuse_long(reading, prompt, model)
        parts = prompt.parts
        focus = _focus(question, prompt.text)
        arranged = arrange(prompt.pieces, _within(reading.pieces, parts, focus), question.players)
        if not arranged.features:
            raise BadInput("the focus holds no part that the model reads: choose a longer one")
        owner = np.asarray(arranged.owner, dtype=np.int64)
        starts = _part_numbers(arranged.owner, reading.pieces)
        features = tuple(
            TextSpan(text=span.text, start=span.start + at, end=span.end + at, known=span.known)
            for span, at in zip(arranged.features, (parts[number].start for number in starts), strict=True)
        )
        encoded = Encoded(
            input=question.input,
            players=arranged.grain,
            baseline=None,
            features=features,
            focus=focus,
            tokens=self.reader.tokens(
                reading.ids, reading.pieces, arranged.owner, text=prompt.text, starts=[part.start for part in parts]
            ),
            owner=owner,
            held=TextIds(ids=reading.ids),
        )
        return against(encoded, baseline, self.encoder.absent(encoded, baseline))

    def _refuse_long(self, reading: Reading, prompt: PromptInput, model: str) -> None:
        most = self.encoder.maximum_length
        if len(reading.ids) < most:
            return
        sizes = [sum(piece.part == number for piece in reading.pieces) for number in range(len(prompt.parts))]
        named = ", ".join(f"{_name(part)} {size}" for part, size in zip(prompt.parts, sizes, strict=True))
        raise BadInput(
            f"the prompt has {len(reading.ids)} tokens ({named}); {model} reads {most} with the answer: "
            "shorten one of them, or leave a passage out"
        )


def _prompt_of(question: Question) -> PromptInput:
    """A plain text is a question of the user's."""
    if isinstance(question.input, PromptInput):
        return question.input
    if not isinstance(question.input, TextInput):
        raise BadInput(f"this model reads prompts, not an input of kind {question.input.kind!r}: give it a text")
    return PromptInput.of(question.input.text)


def _part_numbers(owner: Sequence[int], pieces: Sequence[Piece]) -> list[int]:
    """The part of each player."""
    found: dict[int, int] = {}
    for player, piece in zip(owner, pieces, strict=True):
        if player >= 0 and piece.part is not None:
            found.setdefault(player, piece.part)
    return [found[player] for player in sorted(found)]


def _focus(question: Question, text: str) -> TextSpan | None:
    """Raises BadInput for a stretch that is not in the prompt."""
    if question.focus is None:
        return None
    start, end = question.focus
    if not 0 <= start < end <= len(text):
        raise BadInput(f"focus {start} to {end} is no stretch of the prompt: its parts have {len(text)} characters")
    return TextSpan(text=text[start:end], start=start, end=end)


def _within(pieces: Sequence[Piece], parts: Sequence[PromptPart], focus: TextSpan | None) -> Sequence[Piece]:
    """Only the pieces in the focus are to be divided into players."""
    if focus is None:
        return pieces

    def inside(piece: Piece) -> bool:
        if piece.part is None:
            return False
        at = parts[piece.part].start
        return at + piece.end > focus.start and at + piece.start < focus.end

    return [piece if inside(piece) else replace(piece, part=None) for piece in pieces]


def _name(part: PromptPart) -> str:
    return part.name if part.number is None else f"{part.name} {part.number}"
