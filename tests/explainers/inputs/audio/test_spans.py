"""Stretches of a recording: they cover it once, and follow what the tokens look at."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from explainers.errors import BadModel
from explainers.inputs.audio.hearing import DEEP, Hearing, floor_of, hearing_of, noise_like
from explainers.inputs.audio.spans import along_words, equal, spans, words_in
from tests.listening import HEARING, RATE, sound


def test_words_begin_where_blanks_do() -> None:
    assert words_in((" six", ",", " se", "ven", ".", " ")) == ((0, 2), (2, 6))
    assert words_in((" ", "a", " ", "-", " ", "b")) == ((0, 4), (4, 6))
    assert words_in(("Hi",)) == ((0, 1),)


def test_equal_stretches_cover_the_recording_once() -> None:
    numbered, found = spans(equal(50, 0.02), 0.02, 0.995)

    assert [round(b.start - a.end, 6) for a, b in pairwise(found)] == [0] * (len(found) - 1)
    assert (found[0].start, found[-1].end, len(found)) == (0, 0.995, 10)
    assert (np.bincount(numbered) > 0).all()


def test_words_lie_where_their_tokens_look() -> None:
    """Two tokens of the first word, one of the second, then the end; the boundary goes to the pause near it."""
    weights = np.full((2, 4, 60), 0.01)
    for token, (first, last) in enumerate(((0, 10), (10, 20), (26, 45), (45, 60))):
        weights[:, token, first:last] = 1.0
    loudness = np.ones(60)
    loudness[18:22] = 0
    owner = along_words(weights, ((0, 2), (2, 3)), loudness)
    numbered, found = spans(owner, 0.02, 1.2, ("six", "seven"))

    assert [span.word for span in found] == ["six", "seven", ""]
    assert found[0].end == pytest.approx(0.40, abs=0.041)
    assert found[1].end == pytest.approx(0.90, abs=0.11)
    assert len(numbered) == 60


def test_silence_is_what_follows_a_recording() -> None:
    """The number that stands for an absent stretch is the one that the model sees behind the last sample."""
    samples = sound().samples
    assert samples is not None
    heard = HEARING.heard(samples)

    assert heard[-1] == pytest.approx(floor_of(heard), abs=1e-6)
    assert floor_of(heard) == pytest.approx(heard.max() - DEEP)
    assert HEARING.cells_of(samples) == RATE // 320


def test_noise_has_the_spectrum_of_the_recording() -> None:
    samples = sound().samples
    assert samples is not None
    noise = noise_like(samples, 1)

    assert np.abs(np.fft.rfft(noise)) == pytest.approx(np.abs(np.fft.rfft(samples)), rel=0.02, abs=0.5)
    assert abs(np.corrcoef(noise, samples)[0, 1]) < 0.5
    assert (noise_like(samples, 1) == noise).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"feature_extractor_type": "SeamlessM4TFeatureExtractor"}, "WhisperFeatureExtractor is followed"),
        ({"dither": 0.1}, "dither"),
        ({"do_normalize": True}, "do_normalize"),
        ({"n_fft": 10**9}, "n_fft is 1000000000"),
        ({"feature_size": True}, "feature_size is True"),
    ],
)
def test_a_preparation_that_is_not_followed_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(BadModel, match=said):
        hearing_of(settings)

    assert hearing_of({}) == Hearing()
