"""A recording as a model hears it: cells of its spectrogram as positions, stretches as players."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...contract import AudioInput, BaselineKind, Encoded, FloatArray, Question, TokenOutput
from ...errors import BadInput
from ..text.continuation import Continuation
from .files import at_rate, opened
from .hearing import Hearing, floor_of, noise_like
from .spans import MOST_WORDS, along_words, equal, spans, words_in

BASELINES: tuple[BaselineKind, ...] = ("silence", "noise")
PLAYERS = ("auto", "word", "span")
UNSAID = Continuation(continued=np.zeros(0, dtype=np.int64), labels=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recording as its model hears it: (positions, frames · bins) of the recording and of its baseline.

    cells: positions in which it sounds. last: number of the last that hears its end. continuation: the transcript, once
    there is one.
    """

    whole: FloatArray
    absent: FloatArray
    cells: int
    last: int
    continuation: Continuation = UNSAID


def heard(inputs: Encoded) -> Heard:
    """The sound of a recording that a model has encoded."""
    assert isinstance(inputs.held, Heard)
    return inputs.held


@dataclass(frozen=True, kw_only=True)
class AudioEncoder:
    """Cuts recordings into cells; `hearing` is the model's own."""

    hearing: Hearing

    def encode(self, question: Question) -> Encoded:
        """The recording without players yet. Raises BadInput for an input, a baseline or players that a recording does
        not have, and for a bad file."""
        if not isinstance(question.input, AudioInput):
            raise BadInput(f"this model hears recordings, not an input of kind {question.input.kind!r}: give it a file")
        baseline = question.baseline or BASELINES[0]
        if baseline not in BASELINES:
            raise BadInput(f"baseline {baseline!r} does not exist for a recording; choose {', '.join(BASELINES)}")
        if question.players not in PLAYERS:
            raise BadInput(f"a recording has no {question.players}s: choose {', '.join(PLAYERS)}")
        if question.focus is not None:
            raise BadInput("a focus is a stretch of a text: leave it out for a recording")
        audio = opened(question.input)
        assert audio.samples is not None
        samples = at_rate(audio.samples, audio.rate, self.hearing.rate)
        cells = self.hearing.cells_of(samples)
        whole = self.hearing.heard(samples)
        absent = np.full_like(whole, floor_of(whole))
        if baseline == "noise":
            absent = np.maximum(absent, self.hearing.heard(noise_like(samples, question.seed)))
        held = Heard(whole=whole, absent=absent, cells=cells, last=self.hearing.last_cell(samples))
        return Encoded(
            input=audio, outputs=question.outputs or TokenOutput(), players="span", baseline=baseline, features=(),
            tokens=(), owner=np.full(self.hearing.cells, -1), held=held,
        )  # fmt: skip

    def played(
        self, inputs: Encoded, continuation: Continuation, labels: tuple[str, ...], weights: FloatArray | None
    ) -> Encoded:
        """The recording with its stretches as players, and its transcript.

        labels: all tokens of the transcript. weights: how the tokens look at the cells, as `along_words` takes them;
        None: equal stretches.
        """
        held, audio = heard(inputs), inputs.input
        assert isinstance(audio, AudioInput)
        assert audio.seconds is not None
        words = words_in(labels)
        said: tuple[str, ...] = ()
        if weights is None:
            owner = equal(held.cells, self.hearing.cell)
        else:
            loudness = held.whole[: held.cells].mean(axis=1)
            owner = along_words(weights[:, :, : held.cells], words, loudness)
            said = tuple("".join(labels[start:stop]).strip() for start, stop in words)
        in_reach = np.minimum(np.arange(self.hearing.cells), held.cells - 1)
        numbered, features = spans(owner, self.hearing.cell, audio.seconds, said)
        return replace(
            inputs,
            players="span" if weights is None else "word",
            features=features,
            owner=np.where(np.arange(self.hearing.cells) <= held.last, numbered[in_reach], -1),
            held=replace(held, continuation=continuation),
        )


def wants_words(question: Question, labels: tuple[str, ...]) -> bool:
    """Whether the stretches of words play. Raises BadInput where there are too many."""
    count = len(words_in(labels))
    if question.players == "word" and count > MOST_WORDS:
        raise BadInput(f"{count} words were heard; the stretches of {MOST_WORDS} can play: choose players span")
    return question.players == "word" or (question.players == "auto" and 1 < count <= MOST_WORDS)
