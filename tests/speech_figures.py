"""Figures of the embedded model of speech on spoken digits: build/speech-figures.json.

    python -m tests.speech_figures [digits] [oracle] [--recordings FOLDER] [--count N] [--seconds S]

digits: of three different digits that are joined, the share of the words transcribed right, in their order, whose own
stretch has the highest score, by leave-one-out, with the interval of Wilson: it lies in the middle of where the digit
was spoken, or holds that middle. oracle: the share of words that are the same as those of CTranslate2 on the same file
(pip install ctranslate2), greedy decoding on both sides. Every recording is kept as soon as it is done; another run
goes on from there.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import time
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from explainers import WHEELS, AudioInput, Question, TimeSpan, TokenOutput, build, load_model
from explainers.models.speech import SpeechModel
from explainers.runner import case_of, explained

RECORDINGS = Path(__file__).parents[2] / "shared" / "data" / "fsdd" / "recordings"
OUT = Path("build/speech-figures.json")
NAME, RATE, PAUSE = "whisper-tiny-en", 8000, 0.25  # seconds between the digits, and around them
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def joined(folder: Path, number: int) -> tuple[AudioInput, list[int], list[tuple[float, float]]]:
    """Three different digits of one speaker, the same ones for the same number, and where each lies in seconds."""
    rng = np.random.default_rng(number)
    speaker, digits = SPEAKERS[number % len(SPEAKERS)], rng.permutation(10)[:3].tolist()
    silence = np.zeros(int(PAUSE * RATE), dtype=np.float32)
    parts, places = [silence], []
    for digit in digits:
        samples, rate = soundfile.read(folder / f"{digit}_{speaker}_{rng.integers(0, 10)}.wav", dtype="float32")
        assert rate == RATE
        start = sum(map(len, parts))
        places.append((start / RATE, (start + len(samples)) / RATE))
        parts += [samples, silence]
    return AudioInput.of(np.concatenate(parts), RATE), digits, places


def own_stretch_first(model: SpeechModel, folder: Path, number: int) -> dict[str, Any]:
    """Of each word that was transcribed right: whether the stretch with its highest score is where it was spoken."""
    audio, digits, places = joined(folder, number)
    case = case_of(model, Question(input=audio, outputs=TokenOutput(whole=True)))
    found = explained(build("leave-one-out"), case)
    assert found.scores is not None
    rows = {row: spoken_digit(target.label) for row, target in enumerate(found.targets) if target.at is not None}
    said = [row for row, digit in rows.items() if digit is not None]
    right = []
    for block in SequenceMatcher(None, [rows[row] for row in said], digits, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            start, end = places[block.b + step]
            best = found.features[int(np.argmax(found.scores[said[block.a + step]]))]
            assert isinstance(best, TimeSpan)
            right.append(start <= (best.start + best.end) / 2 <= end or best.start <= (start + end) / 2 <= best.end)
    return {"said": found.prediction.main.label, "digits": digits, "first": right}


def spoken_digit(label: str) -> int | None:
    """The digit that a token names; None for another one."""
    plain = re.sub(r"\W", "", label).lower()
    if plain.isdecimal() and len(plain) == 1:
        return int(plain)
    return DIGITS.index(plain) if plain in DIGITS else None


def beside_ctranslate(model: SpeechModel, engine: Any, folder: Path, number: int) -> dict[str, Any]:
    """Words of both for the same spectrogram, and how many are the same."""
    audio, _, _ = joined(folder, number)
    inputs = model._prompt(Question(input=audio))
    ours = "".join(each for each in model._said(inputs)[1])
    native = importlib.import_module("ctranslate2")
    features = model._listener.features(model._listener.ends(inputs)[0][None]).numpy()
    start = [list(model._listener.start)]
    made = engine.generate(native.StorageView.from_array(np.ascontiguousarray(features)), start, beam_size=1)
    theirs: str = model.tokenizer.decode(made[0].sequences_ids[0], skip_special_tokens=True)
    a, b = ours.split(), theirs.split()
    same = sum(block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks())
    return {"ours": ours, "theirs": theirs, "same": same, "words": max(len(a), len(b))}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); of nothing all shares there are."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * float(np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2)))
    return middle - half, min(1.0, middle + half)


def summary(kept: dict[str, Any]) -> dict[str, Any]:
    """The shares, with how many words and recordings they are of."""
    found: dict[str, Any] = {}
    if rows := list(kept.get("digits", {}).values()):
        hits = [each for row in rows for each in row["first"]]
        low, high = wilson(sum(hits), len(hits))
        found["own stretch first"] = {
            "recordings": len(rows), "words right": len(hits), "words": 3 * len(rows),
            "share": sum(hits) / max(1, len(hits)), "interval": [low, high],
        }  # fmt: skip
    if rows := list(kept.get("oracle", {}).values()):
        same, words = (sum(row[name] for row in rows) for name in ("same", "words"))
        low, high = wilson(same, words)
        found["same words as CTranslate2"] = {
            "recordings": len(rows), "words": words, "share": same / max(1, words), "interval": [low, high]
        }  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["digits", "oracle"])
    parser.add_argument("--recordings", type=Path, default=RECORDINGS)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many; run again to go on")
    asked = parser.parse_args()
    model = load_model(NAME)
    assert isinstance(model, SpeechModel)
    kept = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else {}
    engine = None
    if "oracle" in asked.parts:
        path = WHEELS[NAME].path
        assert path is not None
        engine = importlib.import_module("ctranslate2").models.Whisper(str(path.parent), compute_type="float32")
    until = time.monotonic() + asked.seconds
    OUT.parent.mkdir(exist_ok=True)
    for part in asked.parts:
        rows = kept.setdefault(part, {})
        for number in range(asked.count):
            if str(number) in rows or time.monotonic() > until:
                continue
            digits = part == "digits"
            rows[str(number)] = (
                own_stretch_first(model, asked.recordings, number)
                if digits
                else beside_ctranslate(model, engine, asked.recordings, number)
            )
            OUT.write_text(json.dumps(kept | {"summary": summary(kept)}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary(kept)))


if __name__ == "__main__":
    main()
