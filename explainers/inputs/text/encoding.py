"""From a question to the model's input: ids, segments and positions, and which player each token belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...contract import (
    BaselineKind,
    ClassOutput,
    Encoded,
    Ids,
    Outputs,
    Question,
    SimilarityOutput,
    TextInput,
    TextSpan,
    Token,
    TokenOutput,
    Window,
    WordOutput,
)
from ...errors import BadInput
from .ids import TextIds, WindowIds, ids_of
from .normalizing import refuse_long
from .players import Arrangement, Piece, arrange
from .readable import readable
from .windows import Sheet, covered, rest_of, window_starts, without_white_space


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoder:
    """A fast tokenizer with what its model adds to it.

    baseline_ids: the token that stands for an absent one, by baseline; the embedding baselines are not among them.
    tags: the model says a class of every word; a text longer than it reads is then cut.
    pad_position: where the model numbers its positions from this pad id on (RoBERTa), else None.
    """

    tokenizer: Any
    maximum_length: int
    baselines: tuple[BaselineKind, ...]
    baseline_ids: dict[BaselineKind, int]
    pad_position: int | None = None
    with_segments: bool = True
    tags: bool = False

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for a text, player level or baseline that cannot be encoded."""
        baseline = self.baseline(question)
        inputs = self._read(question)
        if baseline == "text":
            return against(inputs, baseline, self._second_text(question, inputs), text=question.baseline_text)
        return against(inputs, baseline, self.absent(inputs, baseline))

    def absent(self, inputs: Encoded, baseline: BaselineKind | None) -> Ids | None:
        """The ids of the input with every player absent; None for a baseline that has no token."""
        fill = self.baseline_ids.get(baseline) if baseline else None
        return None if fill is None else np.where(inputs.owner >= 0, np.int64(fill), ids_of(inputs).ids)

    def readable(self, text: str, name: str = "text") -> str:
        """The text itself. Raises BadInput for one that the tokenizer cannot be given, or would blow up."""
        refuse_long(self.tokenizer.backend_tokenizer.normalizer, readable(text, name), name)
        return text

    def baseline(self, question: Question) -> BaselineKind | None:
        """The baseline for absent tokens, the model's default where the question names none. Raises BadInput."""
        if question.baseline_text is not None and question.baseline != "text":
            raise BadInput("a baseline_text was given: choose baseline 'text' with it, or leave it out")
        if question.baseline is None:
            return self.baselines[0] if self.baselines else None
        if question.baseline not in self.baselines:
            allowed = ", ".join(self.baselines) or "none"
            raise BadInput(f"baseline {question.baseline!r} does not exist for this model; choose {allowed}")
        return question.baseline

    def _read(self, question: Question, *, name: str = "text") -> Encoded:
        given = text_of(question)
        texts = [self.readable(given.text, name)]
        if given.text_pair is not None:
            texts.append(self.readable(given.text_pair, "second text"))
        focus = focus_of(question, given.text)
        batch = self._tokenized(texts, return_offsets_mapping=True, return_special_tokens_mask=True)
        self._assert_served(batch, texts)
        if batch.encodings[0].overflowing and not self._cuts(question, given):
            return self._read_long(question, given.text, focus)
        pieces = self._pieces(batch, texts)
        arranged = arrange(texts, within(pieces, focus), question.players)
        words, reads = _words(texts, pieces) if self.tags else ((), ())
        refuse_nothing(arranged, texts, focus)
        ids = np.asarray(batch["input_ids"], dtype=np.int64)
        segments = batch.get("token_type_ids") if self.with_segments else None
        return Encoded(
            input=given,
            outputs=asked_outputs(question, words, tags=self.tags),
            players=arranged.grain,
            baseline=None,
            features=arranged.features,
            unseen=_unseen(batch, texts, pieces),
            focus=focus,
            tokens=self._tokens(ids, pieces, arranged.owner, texts),
            owner=np.asarray(arranged.owner, dtype=np.int64),
            held=TextIds(
                ids=ids,
                segments=None if segments is None else np.asarray(segments, dtype=np.int64),
                positions=self.positions(ids),
                words=words,
                reads=reads,
            ),
        )

    def _cuts(self, question: Question, given: TextInput) -> bool:
        return self.tags or given.text_pair is not None or question.long_text == "cut"

    def _read_long(self, question: Question, text: str, focus: TextSpan | None) -> Encoded:
        """A text longer than the model reads, in windows; or the one window around the focus."""
        sheet = self._sheet(text)
        if focus is not None:
            return self._read_window(question, text, sheet, focus)
        starts = window_starts(len(sheet.pieces), sheet.capacity)
        seen = starts[-1] + sheet.capacity
        pieces = sheet.pieces[:seen]
        arranged = arrange([text], pieces, question.players, long=True)
        refuse_nothing(arranged, [text], None)
        ids = sheet.ids[:seen]
        windows = [self._window(text, sheet, start) for start in starts]
        return Encoded(
            input=TextInput(text=text),
            outputs=asked_outputs(question, (), tags=self.tags),
            players=arranged.grain,
            baseline=None,
            features=arranged.features,
            unseen=rest_of(text, pieces, whole=sheet.pieces),
            tokens=self._tokens(ids, pieces, arranged.owner, [text]),
            owner=np.asarray(arranged.owner, dtype=np.int64),
            windows=tuple(window for window, _ in windows),
            held=TextIds(ids=ids, windows=tuple(held for _, held in windows)),
        )

    def _read_window(self, question: Question, text: str, sheet: Sheet, focus: TextSpan) -> Encoded:
        """The window with the focus in its middle; the text around it is outside."""
        inside = [n for n, piece in enumerate(sheet.pieces) if piece.end > focus.start and piece.start < focus.end]
        middle = (inside[0] + inside[-1] + 1) // 2 if inside else 0
        start = min(max(middle - sheet.capacity // 2, 0), len(sheet.pieces) - sheet.capacity)
        window, held = self._window(text, sheet, start)
        pieces = [Piece(None) if place < 0 else sheet.pieces[place] for place in window.places]
        arranged = arrange([text], within(pieces, focus), question.players)
        refuse_nothing(arranged, [text], focus)
        return Encoded(
            input=TextInput(text=text),
            outputs=asked_outputs(question, (), tags=self.tags),
            players=arranged.grain,
            baseline=None,
            features=arranged.features,
            unseen=rest_of(text, sheet.pieces[start : start + sheet.capacity], whole=sheet.pieces),
            focus=focus,
            tokens=self._tokens(held.ids, pieces, arranged.owner, [text]),
            owner=np.asarray(arranged.owner, dtype=np.int64),
            held=TextIds(ids=held.ids, segments=held.segments, positions=held.positions),
        )

    def _sheet(self, text: str) -> Sheet:
        asked = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
        batch = self.tokenizer(text, truncation=False, verbose=False, **asked)
        numbers = batch.sequence_ids(0)
        inside = [n for n, part in enumerate(numbers) if part is not None]
        first, last = inside[0], inside[-1] + 1
        ids = np.asarray(batch["input_ids"], dtype=np.int64)
        segments = batch.get("token_type_ids") if self.with_segments else None
        return Sheet(
            ids=ids[first:last],
            pieces=tuple(self._pieces(batch, [text])[first:last]),
            before=ids[:first],
            after=ids[last:],
            segment=None if segments is None else int(segments[first]),
            capacity=self.maximum_length - first - (len(ids) - last),
        )

    def _window(self, text: str, sheet: Sheet, start: int) -> tuple[Window, WindowIds]:
        stop = start + sheet.capacity
        before, after = (np.full(len(ids), -1, dtype=np.int64) for ids in (sheet.before, sheet.after))
        places = np.concatenate([before, np.arange(start, stop), after])
        ids = np.concatenate([sheet.before, sheet.ids[start:stop], sheet.after])
        held = WindowIds(
            ids=ids,
            segments=None if sheet.segment is None else np.full(len(ids), sheet.segment, dtype=np.int64),
            positions=self.positions(ids),
        )
        return Window(span=covered(text, sheet.pieces[start:stop]), places=places), held

    def _tokenized(self, texts: Sequence[str], **also: bool) -> Any:
        try:
            return self.tokenizer(*texts, truncation=True, max_length=self.maximum_length, **also)
        except BaseException as error:
            if is_panic(error):
                raise BadInput(f"the model's tokenizer fails on this text: {str(error)[:100]}") from None
            raise

    def _assert_served(self, batch: Any, texts: Sequence[str]) -> None:
        """Assert that the tokenizer gives these tokens for the plain call too, token for token and without padding."""
        plain = self._tokenized(texts)
        assert all(batch[name] == plain[name] for name in plain)
        assert all(plain.get("attention_mask", [1]))

    def _pieces(self, batch: Any, texts: Sequence[str]) -> list[Piece]:
        """A token without a part is special: the tokenizer's template added it."""
        unknown = self.tokenizer.unk_token_id
        known_as = self.tokenizer.unk_token
        pieces = []
        for number, part in enumerate(batch.sequence_ids(0)):
            if part is None or batch["special_tokens_mask"][number]:
                pieces.append(Piece(None))
                continue
            start, end = batch["offset_mapping"][number]
            typed = texts[part][start:end].strip() == known_as
            pieces.append(Piece(part, start, end, known=batch["input_ids"][number] != unknown or typed))
        return pieces

    def _tokens(
        self, ids: Ids, pieces: Sequence[Piece], owner: Sequence[int], texts: Sequence[str]
    ) -> tuple[Token, ...]:
        names = self.tokenizer.convert_ids_to_tokens(ids.tolist())
        tokens = []
        for name, piece, player in zip(names, pieces, owner, strict=True):
            if piece.part is None:
                tokens.append(Token(text=name, special=True))
                continue
            start, end = without_white_space(texts[piece.part], piece.start, piece.end)
            text, part = texts[piece.part][start:end], "text_pair" if piece.part else "text"
            mine = player if player >= 0 else None
            tokens.append(Token(text=text, player=mine, start=start, end=end, part=part))
        return tuple(tokens)

    def positions(self, ids: Ids) -> Ids | None:
        if self.pad_position is None:
            return None
        seen = ids != self.pad_position
        positions: Ids = np.cumsum(seen) * seen + self.pad_position
        return positions

    def _second_text(self, question: Question, inputs: Encoded) -> Ids:
        """The second text's ids, player by player. Raises BadInput unless it is divided just like the first."""
        if inputs.text_pair is not None:
            raise BadInput("baseline 'text' is for single texts; choose another baseline for a pair")
        if question.baseline_text is None:
            raise BadInput("baseline 'text' needs a baseline_text: a second text with as many features")
        plain = {
            "input": TextInput(text=question.baseline_text),
            "players": inputs.players,
            "baseline": None,
            "baseline_text": None,
        }
        other = self._read(question.model_copy(update=plain), name="baseline text")
        mine, theirs = len(inputs.features), len(other.features)
        if mine != theirs:
            raise BadInput(f"the baseline text has {theirs} players and the text {mine}: they must be equally many")
        for player, (own, second) in enumerate(zip(inputs.features, other.features, strict=True)):
            sizes = [int((i.owner == player).sum()) for i in (inputs, other)]
            if sizes[0] != sizes[1]:
                raise BadInput(
                    f"{second.text!r} of the baseline text has {sizes[1]} tokens and {own.text!r} of the text "
                    f"{sizes[0]}: a text baseline needs equally many; choose another word there"
                )
        if not np.array_equal(inputs.owner, other.owner):
            raise BadInput("the tokens of the baseline text are arranged otherwise; choose another baseline text")
        return ids_of(other).ids


def is_panic(error: BaseException) -> bool:
    """Whether the tokenizer's compiled code stopped; its exception is no Exception and would end the process."""
    return type(error).__name__ == "PanicException"


def text_of(question: Question) -> TextInput:
    """Raises BadInput for an input of another kind."""
    if not isinstance(question.input, TextInput):
        raise BadInput(f"this model reads texts, not an input of kind {question.input.kind!r}: give it a text")
    return question.input


def against(inputs: Encoded, baseline: BaselineKind | None, ids: Ids | None, *, text: str | None = None) -> Encoded:
    """The input with its baseline, `ids` where that is one of ids."""
    return replace(inputs, baseline=baseline, baseline_text=text, held=replace(ids_of(inputs), baseline_ids=ids))


def focus_of(question: Question, text: str) -> TextSpan | None:
    """Raises BadInput for a stretch that is not in the text."""
    if question.focus is None:
        return None
    start, end = question.focus
    if not 0 <= start < end <= len(text):
        raise BadInput(
            f"focus {start} to {end} is no stretch of the text: it has {len(text)} characters; "
            "give the first and the one behind the last"
        )
    start, end = without_white_space(text, start, end)
    return TextSpan(text=text[start:end], start=start, end=end)


def _words(texts: Sequence[str], pieces: Sequence[Piece]) -> tuple[tuple[TextSpan, ...], tuple[int, ...]]:
    """The words of all parts, and the first token of each: where a token classifier is read."""
    found = arrange(texts, pieces, "word")
    owners = list(found.owner)
    return found.features, tuple(owners.index(word) for word in range(len(found.features)))


def asked_outputs(question: Question, words: Sequence[TextSpan], *, tags: bool) -> Outputs:
    """The outputs to explain. Raises BadInput for a word that there is not, and for outputs of another model."""
    asked = question.outputs or ClassOutput()
    if isinstance(asked, TokenOutput | SimilarityOutput):
        raise BadInput(f"this model says a class and has no {asked.kind}: leave outputs out")
    word = asked.word if isinstance(asked, WordOutput) else None
    if not tags:
        if word is not None:
            raise BadInput("a word was named, but this model says one class of the whole text: leave word out")
        return ClassOutput(also=asked.also)
    if word is not None and word >= len(words):
        raise BadInput(f"word {word} does not exist: the model reads {len(words)} words, 0 to {len(words) - 1}")
    return WordOutput(word=word, also=asked.also)


def within(pieces: Sequence[Piece], focus: TextSpan | None) -> Sequence[Piece]:
    """Only the pieces in the focus are to be divided into players."""
    if focus is None:
        return pieces
    return [
        piece if piece.part == 0 and piece.end > focus.start and piece.start < focus.end else Piece(None)
        for piece in pieces
    ]


def refuse_nothing(arranged: Arrangement, texts: Sequence[str], focus: TextSpan | None) -> None:
    if focus is not None:
        if not arranged.features:
            raise BadInput(f"the model reads nothing of the focus {focus.text[:20]!r}: choose a stretch with words")
        return
    for part, text in zip(("text", "text_pair"), texts, strict=False):
        if not any(feature.part == part for feature in arranged.features):
            name = "second text" if part == "text_pair" else "text"
            raise BadInput(
                f"the model's tokenizer leaves nothing of the {name}, {text[:20]!r}: it has invisible characters only; "
                "type at least one visible character"
            )


def _unseen(batch: Any, texts: Sequence[str], pieces: Sequence[Piece]) -> tuple[TextSpan, ...]:
    """The spans cut at the maximum length: at most one before and one after what was read of each part."""
    if not batch.encodings[0].overflowing:
        return ()
    cut = []
    for part, text in enumerate(texts):
        read = covered(text, [piece for piece in pieces if piece.part == part])
        for start, end in ((0, read.start), (read.end, len(text))):
            start, end = without_white_space(text, start, end)
            if start < end and _has_tokens(batch, part, start, end):
                cut.append(TextSpan(text=text[start:end], start=start, end=end, part="text_pair" if part else "text"))
    return tuple(cut)


def _has_tokens(batch: Any, part: int, start: int, end: int) -> bool:
    return any(
        number == part and first < end and last > start
        for rest in batch.encodings[0].overflowing
        for number, (first, last) in zip(rest.sequence_ids, rest.offsets, strict=True)
    )
