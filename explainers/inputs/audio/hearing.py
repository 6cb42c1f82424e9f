"""How a model hears a recording: the logarithm of its mel spectrogram, cut into cells of equal length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...contract import FloatArray, Samples
from ...errors import BadInput, BadModel

FILE = "preprocessor_config.json"
EXTRACTOR = "WhisperFeatureExtractor"
FRAMES = 2  # of the spectrogram in a cell: the encoder makes one state of two
DEEP = 2.0  # the quietest that is heard lies so far below the loudest, in the units of the spectrogram
SILENT = -1.5  # of a spectrogram without any sound


@dataclass(frozen=True)
class Hearing:
    """Whisper's way to hear: `seconds` at once, `rate` samples a second, a frame every `hop` samples, `bins` of mel.

    Raises nothing; `hearing_of` checks what a folder says.
    """

    seconds: int = 30
    rate: int = 16_000
    hop: int = 160
    window: int = 400
    bins: int = 80

    @property
    def cell(self) -> float:
        """Seconds of a cell."""
        return FRAMES * self.hop / self.rate

    @property
    def cells(self) -> int:
        """Cells of what is heard at once."""
        return self.seconds * self.rate // (FRAMES * self.hop)

    def cells_of(self, samples: Samples) -> int:
        """Cells in which the recording sounds, at most all. Raises BadInput for one that is too long."""
        if len(samples) > self.seconds * self.rate:
            raise BadInput(
                f"the recording is {len(samples) / self.rate:.1f} s long; the model hears {self.seconds} s at once: "
                "cut out the part that matters"
            )
        return -(-len(samples) // (FRAMES * self.hop))

    def last_cell(self, samples: Samples) -> int:
        """The number of the last cell that a frame around the recording's end still hears."""
        return min(self.cells, (len(samples) + self.window // 2) // (FRAMES * self.hop) + 1) - 1

    def heard(self, samples: Samples) -> FloatArray:
        """(cells, frames · bins), the recording followed by silence."""
        made = self._extractor(
            samples, sampling_rate=self.rate, return_tensors="np", padding="max_length", do_normalize=False
        )
        features = np.asarray(made["input_features"][0], dtype=np.float64)  # (bins, frames)
        cells: FloatArray = features.T.reshape(self.cells, FRAMES * self.bins)
        return cells

    @cached_property
    def _extractor(self) -> Any:
        from transformers import WhisperFeatureExtractor

        return WhisperFeatureExtractor(
            feature_size=self.bins,
            sampling_rate=self.rate,
            hop_length=self.hop,
            chunk_length=self.seconds,
            n_fft=self.window,
        )


def floor_of(heard: FloatArray) -> float:
    """The number that stands for silence beside these sounds, as the model itself sees what follows a recording."""
    return max(SILENT, float(heard.max()) - DEEP)


def noise_like(samples: Samples, seed: int) -> Samples:
    """Noise with the spectrum and the loudness of a recording: its phases are drawn anew."""
    spectrum = np.fft.rfft(samples)
    turned = np.exp(2j * np.pi * np.random.default_rng((seed, 5)).random(len(spectrum)))
    turned[0] = 1
    noise: Samples = np.fft.irfft(spectrum * turned, n=len(samples)).astype(np.float32)
    return noise


def hearing_of(settings: Mapping[str, Any]) -> Hearing:
    """The hearing that a preprocessor_config.json describes. Raises BadModel for one that is not followed."""
    kind = settings.get("feature_extractor_type", EXTRACTOR)
    if kind != EXTRACTOR:
        raise BadModel(f"{FILE}: feature_extractor_type is {str(kind)[:60]}; {EXTRACTOR} is followed")
    if settings.get("dither", 0) not in (0, 0.0):
        raise BadModel(f"{FILE}: dither adds noise that is drawn anew each time; set it to 0")
    if settings.get("do_normalize", False) not in (None, False):
        raise BadModel(f"{FILE}: do_normalize is on; Whisper's own preparation, which is followed, leaves it off")
    return Hearing(
        seconds=_whole(settings, "chunk_length", 30, most=60),
        rate=_whole(settings, "sampling_rate", 16_000, most=48_000),
        hop=_whole(settings, "hop_length", 160, most=1024),
        window=_whole(settings, "n_fft", 400, most=4096),
        bins=_whole(settings, "feature_size", 80, most=256),
    )


def _whole(settings: Mapping[str, Any], name: str, usual: int, *, most: int) -> int:
    given = settings.get(name, usual)
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise BadModel(f"{FILE}: {name} is {str(given)[:40]}; it must be a whole number, 1 to {most}")
    return given
