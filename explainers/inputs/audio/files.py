"""Files of recordings: WAV, FLAC, OGG and MP3, read within limits by libsndfile.

A file is foreign: its header is judged before a sample is decoded, no more is decoded than the limits allow, whatever
the header says, and what libsndfile raises is a refusal that names the file and the limit.
"""

from __future__ import annotations

import io
from math import gcd
from typing import Any

import numpy as np

from ...contract import AudioInput, Samples
from ...errors import BadInput

FORMATS = {"WAV": "WAV", "WAVEX": "WAV", "FLAC": "FLAC", "OGG": "OGG", "MP3": "MP3"}  # as libsndfile calls them
MOST_BYTES = 20 * 2**20
MOST_SECONDS = 600
MOST_CHANNELS = 8
HEARD = 16_000  # samples a second of what is kept: Whisper hears no more
BARS = 240
BLOCK = 2**16  # samples that are decoded at once
RATES = (4_000, 192_000)  # samples a second
CURE = "save it again as a plain WAV, FLAC, OGG or MP3 file"


def opened(audio: AudioInput) -> AudioInput:
    """The recording with its samples: read from its file where they are not there yet.

    Raises BadInput for a file that cannot be read, or lies beyond a limit, and for a recording of which only the digest
    is known.
    """
    if audio.samples is not None:
        return audio
    if audio.content is None:
        raise BadInput(f"the samples of recording {audio.digest[:12]} are not here: give the recording itself")
    return audio.read(*samples_of(audio.content, name=audio.name))


def samples_of(content: bytes, *, name: str) -> tuple[Samples, int]:
    """The samples (count,) of a file, the mean of its channels, and how many there are a second. Raises BadInput."""
    import soundfile

    if not content:
        raise BadInput(f"{name} is empty: give a WAV, FLAC, OGG or MP3 file")
    if len(content) > MOST_BYTES:
        raise BadInput(f"{name} has {len(content):,} bytes; a recording may have {MOST_BYTES:,}: make it shorter")
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            _refuse_large(file, name)
            held = _read(file, MOST_SECONDS * file.samplerate + 1)
            rate, promised, kind = int(file.samplerate), int(file.frames), FORMATS[file.format]
    except BadInput:
        raise
    except MemoryError:
        raise BadInput(f"there is no memory to read {name}: make it shorter") from None
    except Exception as error:  # LibsndfileError, RuntimeError, TypeError, OverflowError …
        reason = " ".join(str(getattr(error, "error_string", error)).split())[:120] or type(error).__name__
        raise BadInput(f"{name} cannot be read as WAV, FLAC, OGG or MP3 ({reason}): {CURE}") from None
    if len(held) > MOST_SECONDS * rate:
        raise BadInput(f"{name} is longer than the {MOST_SECONDS} s a recording may have: make it shorter")
    if kind == "FLAC" and len(held) < promised:
        raise BadInput(f"{name} is cut short ({len(held):,} of {promised:,} samples are there): {CURE}")
    return _mixed(held, name), rate


def _read(file: Any, most: int) -> Samples:
    """(count, channels), at most so many, block by block: what a header promises is never made room for."""
    blocks = [np.zeros((0, file.channels), dtype=np.float32)]
    while most > 0:
        block = file.read(frames=min(BLOCK, most), dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block)
        most -= len(block)
    return np.concatenate(blocks)


def _refuse_large(file: Any, name: str) -> None:
    """Raises BadInput for what the header promises, before a sample is decoded."""
    if file.format not in FORMATS:
        raise BadInput(f"{name} is a file of the kind {file.format}; WAV, FLAC, OGG and MP3 are read: {CURE}")
    lowest, highest = RATES
    if not lowest <= file.samplerate <= highest:
        raise BadInput(f"{name} has {file.samplerate:,} samples a second; {lowest:,} to {highest:,} are read: {CURE}")
    if not 1 <= file.channels <= MOST_CHANNELS:
        raise BadInput(f"{name} has {file.channels} channels; a recording may have {MOST_CHANNELS}: mix them first")
    if file.frames > MOST_SECONDS * file.samplerate:
        seconds = file.frames / file.samplerate
        raise BadInput(f"{name} is {seconds:,.0f} s long; a recording may have {MOST_SECONDS} s: make it shorter")


def _mixed(held: Samples, name: str) -> Samples:
    """(count, channels) → (count,). Raises BadInput for a recording without samples, or with some that are none."""
    if not len(held):
        raise BadInput(f"{name} holds no samples: record it again")
    if not np.isfinite(held).all():
        raise BadInput(f"{name} has samples that are no numbers (NaN or infinity): {CURE}")
    if np.abs(held).max() > 1e3:  # floating point files may go a little beyond 1
        raise BadInput(f"{name} has samples of a size of {np.abs(held).max():.3g}; they lie between −1 and 1: {CURE}")
    mixed: Samples = held.mean(axis=1, dtype=np.float32)
    return mixed


def at_rate(samples: Samples, rate: int, wanted: int) -> Samples:
    """The samples at another rate, filtered against what would fold over."""
    if rate == wanted:
        return samples
    from scipy.signal import resample_poly

    shared = gcd(rate, wanted)
    found: Samples = resample_poly(samples, wanted // shared, rate // shared).astype(np.float32)
    return found


def heard_samples(audio: AudioInput) -> Samples:
    """The samples at HEARD a second, as a page plays them. Raises BadInput as `opened` does."""
    audio = opened(audio)
    assert audio.samples is not None
    return at_rate(audio.samples, audio.rate, HEARD)


def played_copy(samples: Samples) -> bytes:
    """HEARD samples a second as a page plays them: FLAC of 16 bits without metadata, one channel."""
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, np.clip(samples, -1, 1), HEARD, format="FLAC", subtype="PCM_16")
    return out.getvalue()


def waveform(samples: Samples) -> bytes:
    """Heights of the waveform as bytes, the loudest 255: the largest size in each of at most BARS equal stretches."""
    parts = np.array_split(np.abs(samples), min(BARS, len(samples)))
    heights = np.array([part.max() for part in parts])
    top = heights.max()
    return (255 * heights / top if top else heights).round().astype(np.uint8).tobytes()
