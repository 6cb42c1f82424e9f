"""Files of recordings: read as they are, and refused by name and limit where they are hostile."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from explainers import AudioInput, BadInput
from explainers.inputs.audio import files
from explainers.inputs.audio.files import heard_samples, played_copy, samples_of, waveform
from tests.listening import RATE, sound, written

WHOLE = written()
FLAC = written("FLAC")


@pytest.mark.parametrize(
    ("form", "saved", "apart"),
    [
        ("WAV", {"subtype": "PCM_16"}, 1e-4),
        ("WAV", {"subtype": "FLOAT"}, 1e-6),
        ("FLAC", {}, 1e-4),
        ("OGG", {"subtype": "VORBIS"}, 0.2),
        ("OGG", {"subtype": "OPUS"}, 0.2),
        ("MP3", {}, 0.3),
    ],
)
def test_what_was_written_is_read(form: str, saved: dict[str, str], apart: float) -> None:
    """Every format, lossless ones to their last digit; of several channels the mean."""
    samples, rate = samples_of(written(form, **saved), name="a")
    wanted = sound().samples
    assert wanted is not None
    both, _ = samples_of(written(form, channels=2, **saved), name="a")
    shared = min(len(samples), len(wanted))

    assert rate == RATE
    assert abs(len(samples) - len(wanted)) < 0.1 * RATE
    assert np.sqrt(np.mean((samples[:shared] - wanted[:shared]) ** 2)) < apart * np.sqrt(np.mean(wanted**2)) + 1e-5
    assert np.abs(both).max() == pytest.approx(np.abs(samples).max() / 2, rel=0.35)


def _wav(
    samples: bytes, *, rate: int = RATE, channels: int = 1, kind: int = 1, bits: int = 16, says: int = -1
) -> bytes:
    """A WAV file whose header says what it is told to."""
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits)
    size = len(samples) if says < 0 else says
    data = b"data" + struct.pack("<I", size) + samples
    return (
        b"RIFF"
        + struct.pack("<I", 36 + min(size, 2**32 - 40))
        + b"WAVE"
        + b"fmt "
        + struct.pack("<I", 16)
        + head
        + data
    )


def _long(form: str, seconds: int) -> bytes:
    """Hours of silence in few bytes."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", 8000, 1, format=form) as file:
        for _ in range(seconds):
            file.write(np.zeros(8000, dtype=np.int16))
    return out.getvalue()


HOSTILE = {
    "nothing": (b"", "is empty"),
    "a text": (b"this is no recording at all", "cannot be read"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "cannot be read"),
    "a header alone": (WHOLE[:20], "cannot be read"),
    "no samples": (_wav(b""), "no samples"),
    "another format": (written("AIFF"), "of the kind AIFF"),
    "a long FLAC of few bytes": (_long("FLAC", 700), "700 s long; a recording may have 600 s"),
    "a long OGG of few bytes": (_long("OGG", 700), "700 s long"),
    "too many channels": (_wav(b"\0" * 4000, channels=100), "100 channels"),
    "a rate that is none": (_wav(b"\0" * 4000, rate=1), "1 samples a second"),
    "a rate beyond all": (_wav(b"\0" * 4000, rate=4_000_000), "samples a second"),
    "not a number": (_wav(struct.pack("<f", float("nan")) * 900, kind=3, bits=32), "no numbers"),
    "beyond all loudness": (_wav(struct.pack("<f", 1e30) * 900, kind=3, bits=32), "between"),
    "a FLAC that is cut short": (FLAC[: len(FLAC) // 2], "name.wav"),
    "garbage behind a header": (FLAC[:60] + bytes(range(256)) * 20, "name.wav"),
    "a lying length": (FLAC[:18] + b"\xff" * 8 + FLAC[26:], "name.wav"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused_by_name_and_limit(kind: str) -> None:
    content, said = HOSTILE[kind]

    with pytest.raises(BadInput) as refused:
        samples_of(content, name="name.wav")

    assert str(refused.value).startswith("name.wav")
    assert said in str(refused.value)


def test_a_header_that_promises_more_is_not_believed() -> None:
    """Gigabytes that a header speaks of are neither made nor waited for: what is there is read."""
    samples, _ = samples_of(_wav(b"\1\0" * 800, says=2**31), name="a")

    assert len(samples) == 800


def test_a_file_that_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 100)
    monkeypatch.setattr(soundfile, "SoundFile", None)  # nothing may call it

    with pytest.raises(BadInput, match=r"name\.wav has .* bytes; a recording may have 100"):
        samples_of(WHOLE, name="name.wav")


def test_what_is_kept_is_what_is_heard() -> None:
    """At the rate of the model, one channel, no metadata; the waveform's highest bar is 255."""
    low = AudioInput.sent(written(rate=8000), name="a.wav")
    samples = heard_samples(low)
    copy = played_copy(samples)
    again, rate = samples_of(copy, name="copy")
    bars = waveform(samples)

    assert rate == 16_000
    assert len(samples) == pytest.approx(16_000, abs=2)
    assert np.abs(again - np.clip(samples, -1, 1)).max() < 1e-4
    assert copy.startswith(b"fLaC")
    assert (max(bars), len(bars)) == (255, files.BARS)
