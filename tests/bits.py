"""Fifty questions and what every method answered to them: `python -m tests.bits` compares bit for bit.

Bits hold on one machine and thread count, so the digests are not stored with the project: `python -m tests.bits write
FILE` keeps them, `python -m tests.bits check FILE` compares. What is stored, in tests/explainers/answers.json, are the
scores of the predicted class to seven digits, and tests/explainers/test_answers.py compares some of them. `python -m
tests.bits store` makes that file anew: only where answers are meant to change.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

STORED = Path(__file__).parent / "explainers" / "answers.json"
LONG = (
    "The opening is slow and the middle is worse. I liked the music, though. My friends laughed at the wrong places. "
    "By the end nobody cared who had done it. "
)
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sentiment", {"text": "a gorgeous, witty film"}),
    ("sentiment", {"text": "never good"}),
    ("sentiment", {"text": "dull"}),
    ("sentiment", {"text": "not bad at all"}),
    ("sentiment", {"text": "a good film, a bad ending"}),
    ("sentiment", {"text": "这部电影很好看"}),
    ("sentiment", {"text": "I don't like co-workers' 3.5 naïve films 😀👍🏽"}),
    ("sentiment", {"text": "what a waste", "seed": 7}),
    ("sentiment", {"text": "bright and clever", "value": "logit"}),
    ("sentiment", {"text": "bright and clever", "value": "probability"}),
    ("sentiment", {"text": "bright and clever", "value": "margin"}),
    ("sentiment", {"text": "tired old jokes", "baseline": "pad"}),
    ("sentiment", {"text": "tired old jokes", "baseline": "unk"}),
    ("sentiment", {"text": "tired old jokes", "baseline": "zero"}),
    ("sentiment", {"text": "tired old jokes", "baseline": "mean"}),
    ("sentiment", {"text": "good film", "baseline": "text", "baseline_text": "bad book"}),
    ("sentiment", {"text": "unbelievably boring", "players": "token"}),
    ("sentiment", {"text": "good, but long; funny, but late", "players": "phrase"}),
    ("sentiment", {"text": "It was good. It was long. I left.", "players": "sentence"}),
    ("sentiment", {"text": "good film", "text_pair": "bad book"}),
    ("sentiment", {"text": "a moving story", "text_pair": "told very well", "players": "token"}),
    ("sentiment", {"text": "charming", "also": 0}),
    ("sentiment", {"text": "a film that is so clever that it forgets to be good", "budget": 32}),
    ("sentiment", {"text": "a film that is so clever that it forgets to be good", "budget": 64, "seed": 3}),
    ("sentiment", {"text": "a film that is so clever that it forgets to be good", "budget": 64, "precision": "bf16"}),
    ("sentiment", {"text": "a film that is so clever that it forgets to be good", "budget": 64, "precision": "fp32"}),
    ("sentiment", {"text": "It starts well. Then it drags on. I left early.", "focus": (16, 33)}),
    ("sentiment", {"text": "loud, flat and far too long", "precision": "fp32"}),
    ("sentiment", {"text": LONG * 5, "budget": 16}),
    ("sentiment", {"text": LONG * 5, "long_text": "cut", "players": "sentence", "budget": 16}),
    ("toxicity", {"text": "you are kind"}),
    ("toxicity", {"text": "what an idiot"}),
    ("toxicity", {"text": "shut up"}),
    ("toxicity", {"text": "nobody likes you", "seed": 11}),
    ("toxicity", {"text": "a stupid idea, but thanks"}),
    ("toxicity", {"text": "HELLO there"}),
    ("toxicity", {"text": "please stop writing nonsense", "value": "logit"}),
    ("toxicity", {"text": "please stop writing nonsense", "value": "probability"}),
    ("toxicity", {"text": "you fool", "baseline": "mean"}),
    ("toxicity", {"text": "you fool", "baseline": "zero"}),
    ("toxicity", {"text": "you fool", "baseline": "pad"}),
    ("toxicity", {"text": "idiot", "also": 1}),
    ("toxicity", {"text": "I read it.\nTwice.", "players": "sentence"}),
    ("toxicity", {"text": "go away", "text_pair": "you are not welcome"}),
    ("toxicity", {"text": "garbage, utter garbage", "players": "phrase"}),
    ("toxicity", {"text": "garbageman", "players": "token"}),
    ("toxicity", {"text": "the people who wrote this page have no idea what they say", "budget": 48, "seed": 5}),
    ("toxicity", {"text": "the people who wrote this page have no idea what they say", "budget": 32}),
    ("toxicity", {"text": "Привет, дурак"}),
    ("toxicity", {"text": LONG * 5, "budget": 16, "seed": 2}),
)


def answers(numbers: Iterable[int]) -> Iterator[tuple[str, Any]]:
    """(number of the question and method, the method's explanation), every method that takes the question."""

    from explainers import Incompatible, Question, build, load_model, names, runner

    for number in numbers:
        model, asked = QUESTIONS[number]
        case = runner.case_of(load_model(model, device="cpu"), Question.about(**asked))
        for name in names():
            method = build(name)
            limit = method.players_limit
            if limit is not None and len(case.inputs.features) > min(limit, case.most_exact):
                continue
            try:
                yield f"{number} {name}", method.explain(case)
            except Incompatible:
                continue


def digest(found: Any) -> str:
    """Over everything that a method computes."""
    told = hashlib.sha256()
    layers = found.layers
    arrays = [found.scores, found.standard_errors, found.output, found.baseline_output, found.interactions]
    arrays += [found.relations, *((layers.parts, layers.pooled, layers.readings) if layers else ())]
    for array in arrays:
        told.update(b"none" if array is None else array.tobytes())
    places = {"predicted": {"at"}, "deleted_predicted": {"at"}}  # null for a class, and younger than some digests
    edits = [edit.model_dump(exclude=places) for edit in found.edits]
    told.update(json.dumps([sorted(found.checks.items()), edits]).encode())
    told.update(json.dumps(found.prediction.logits).encode())
    return told.hexdigest()[:16]


def compact(found: Any) -> list[float] | None:
    """Scores of the predicted class."""
    return None if found.scores is None else [float(f"{score:.6g}") for score in found.scores[found.row()]]


def main(asked: list[str]) -> int:
    every = dict(answers(range(len(QUESTIONS))))
    if asked == ["store"]:
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(compact(found))}" for key, found in every.items())
        STORED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
        return 0
    file, digests = Path(asked[1]), {key: digest(found) for key, found in every.items()}
    if asked[0] == "write":
        file.write_text(json.dumps(digests, indent=0), encoding="utf-8")
        return 0
    before = json.loads(file.read_text(encoding="utf-8"))
    other = [key for key in before.keys() | digests.keys() if before.get(key) != digests.get(key)]
    print(f"{len(before)} answers, {len(other)} differ: {', '.join(sorted(other)[:20])}")
    return int(bool(other))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(sys.argv[1:]))
