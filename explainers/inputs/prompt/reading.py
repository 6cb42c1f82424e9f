"""A prompt as a language model reads it: rendered by the chat template, with the place of every part of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ...contract import Ids, PromptInput, Token
from ...errors import BadInput, BadModel
from ..text.players import Piece
from ..text.readable import readable
from .template import rendered

# Private characters that stand for the messages while the template is rendered: nothing else looks like them.
OPEN, CLOSE = "\ue0f0", "\ue0f1"
SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token")
PASSAGES = "\n\n"  # behind each passage


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt as the model reads it. pieces: for each token its part and its characters there, or no part."""

    text: str
    ids: Ids
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands in the rendered text. left_out: white space before it that was not put in."""

    start: int
    stop: int
    left_out: int


@dataclass(frozen=True)
class PromptReader:
    """A fast tokenizer with the chat template of its model."""

    tokenizer: Any = field(repr=False)
    template: str = field(repr=False)

    def read(self, prompt: PromptInput) -> Reading:
        """Raises BadInput for an empty part, one that the tokenizer cannot be given, or a template without a place for
        it; BadModel for a template that cannot be used."""
        for number, piece in enumerate(prompt.pieces):
            readable(piece, _name(prompt, number))
        text, places = self._placed(prompt)
        ids, spans = self._tokenized(text, places)
        return Reading(text, ids, tuple(_piece(span, places) for span in spans))

    def tokens(
        self, ids: Ids, pieces: Sequence[Piece], owner: Sequence[int], *, text: str, starts: Sequence[int]
    ) -> tuple[Token, ...]:
        """Tokens as they are shown. text: all parts one after the other. starts: where each of them begins in it."""
        names = self.tokenizer.convert_ids_to_tokens(ids.tolist())
        made = []
        for name, piece, player in zip(names, pieces, owner, strict=True):
            if piece.part is None:
                made.append(Token(text=name, special=True))
                continue
            start, end = starts[piece.part] + piece.start, starts[piece.part] + piece.end
            shown = text[start:end].strip()
            made.append(Token(text=shown, player=player if player >= 0 else None, start=start, end=end))
        return tuple(made)

    def _placed(self, prompt: PromptInput) -> tuple[str, tuple[Place, ...]]:
        """The rendered text, and the place of each part in it.

        The template is rendered twice: with marks in the place of the parts, and with the parts themselves. Where the
        two differ by more than the parts, it does something with them, and their places would be guessed.
        """
        for pieces in (prompt.pieces, tuple(piece.strip() for piece in prompt.pieces)):  # many templates strip
            text, places = self._filled(prompt, pieces)
            if OPEN not in text and text == rendered(self.template, _messages(prompt, pieces), special=self._special):
                left_out = [whole.find(piece) for whole, piece in zip(prompt.pieces, pieces, strict=True)]
                return text, tuple(Place(*place, n) for place, n in zip(places, left_out, strict=True))
        raise BadInput(
            "the model's chat template changes or repeats a message, so that its words have no place: leave out "
            "control words that it looks for, or the earlier messages"
        )

    def _filled(self, prompt: PromptInput, pieces: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
        marks = [_mark(number) for number in range(len(pieces))]
        marked = rendered(self.template, _messages(prompt, marks), special=self._special)
        text, places, at = "", [], 0
        for number, (mark, piece) in enumerate(zip(marks, pieces, strict=True)):
            start = marked.find(mark, at)
            if start < 0:
                raise BadInput(f"the model's chat template has no place for {_name(prompt, number)}: leave it out")
            text += marked[at:start]
            places.append((len(text), len(text) + len(piece)))
            text += piece
            at = start + len(mark)
        return text + marked[at:], places

    @cached_property
    def _special(self) -> Mapping[str, str]:
        given = {name: getattr(self.tokenizer, name, None) for name in SPECIAL}
        return {name: str(token) for name, token in given.items() if token is not None}

    def _tokenized(self, text: str, places: Sequence[Place]) -> tuple[Ids, list[tuple[int, int]]]:
        """Ids and the characters of each. What a user types is text: a control token in it is spelled out."""
        read = self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
        typed = [
            (start, end)
            for one, (start, end) in zip(read.ids, read.offsets, strict=True)
            if one in self._control
            and text[start:end].strip() in self._control.values()  # not a character that is merely unknown
            and any(start < place.stop and end > place.start for place in places)
        ]
        if not typed:
            return np.asarray(read.ids, dtype=np.int64), list(read.offsets)
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        at = 0
        for first, stop in (*((place.start, place.stop) for place in places), (len(text), len(text))):
            for start, end, backend in ((at, first, self.tokenizer.backend_tokenizer), (first, stop, self._plain)):
                part = backend.encode(text[start:end], add_special_tokens=False)
                if backend is self._plain and set(part.ids) & self._control.keys() - {self.tokenizer.unk_token_id}:
                    raise BadInput("a control token of the model stands in a message and cannot be read as plain text")
                ids += part.ids
                spans += [(start + one, start + other) for one, other in part.offsets]
            at = stop
        return np.asarray(ids, dtype=np.int64), spans

    @cached_property
    def _control(self) -> dict[int, str]:
        """Tokens that are no text, by number."""
        return {number: str(token) for number, token in self.tokenizer.added_tokens_decoder.items()}

    @cached_property
    def _plain(self) -> Any:
        """The tokenizer without its added tokens."""
        import json

        from tokenizers import Tokenizer

        described = json.loads(self.tokenizer.backend_tokenizer.to_str())
        return Tokenizer.from_str(json.dumps({**described, "added_tokens": [], "post_processor": None}))


def _mark(number: int) -> str:
    return f"{OPEN}{number}{CLOSE}"


def _messages(prompt: PromptInput, pieces: Sequence[str]) -> list[dict[str, str]]:
    """Messages as templates take them: the passages stand in the last one, a blank line behind each."""
    before = len(prompt.messages) - 1
    contents = [*pieces[:before], "".join(f"{piece}{PASSAGES}" for piece in pieces[before:-1]) + pieces[-1]]
    return [{"role": m.role, "content": content} for m, content in zip(prompt.messages, contents, strict=True)]


def _piece(span: tuple[int, int], places: Sequence[Place]) -> Piece:
    for part, place in enumerate(places):
        if span[0] < place.stop and span[1] > place.start:
            start, end = max(span[0], place.start), min(span[1], place.stop)
            return Piece(part, place.left_out + start - place.start, place.left_out + end - place.start)
    return Piece(None)


def _name(prompt: PromptInput, number: int) -> str:
    part = prompt.parts[number]
    if part.name == "passage":
        return f"passage {part.number}"
    return f"the {part.name}'s message" if part.name != "system" else "the system message"


def template_of(tokenizer: Any) -> str | None:
    """The default chat template of a tokenizer; None without one. Raises BadModel where it has several, unnamed."""
    given = tokenizer.chat_template
    if isinstance(given, dict):
        given = given.get("default")
    if given is not None and not isinstance(given, str):
        raise BadModel(f"the chat template must be a text, not {type(given).__name__}")
    return given
