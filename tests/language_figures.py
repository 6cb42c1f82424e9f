"""Figures of the embedded language model: build/language-figures.json (docs/decisions/0020).

    python -m tests.language_figures [facts] [absent] [--baseline WAY] [--first N] [--stop N]

facts: 100 questions about four sentences, one of which holds the answer: how often it is first by SHAP and by
leave-one-out, of those that the model answers right; with --baseline what is absent is so by that way. absent:
what leaving a sentence out does to the answer's log-probability, by each way of leaving out, against redrawing it
from other questions.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from explainers import Case, Question, build, generate, load_model, runner
from explainers.contract import FloatArray

NAMES = [
    "Anna",
    "Boris",
    "Clara",
    "David",
    "Elena",
    "Felix",
    "Greta",
    "Henry",
    "Irene",
    "James",
    "Karin",
    "Louis",
    "Maria",
    "Niels",
    "Olga",
    "Peter",
    "Ruth",
    "Simon",
]
FACTS = {
    "Where does {n} live?": (
        "{n} lives in {v}.",
        ["Rome", "Paris", "Oslo", "Madrid", "Berlin", "Vienna", "Lisbon", "Athens", "Dublin", "Prague"],
    ),
    "What does {n} eat?": ("{n} eats {v}.", ["bread", "rice", "soup", "cheese", "fish", "apples", "pasta", "eggs"]),
    "What colour is the car of {n}?": ("The car of {n} is {v}.", ["red", "blue", "green", "white", "black", "yellow"]),
    "Where does {n} work?": ("{n} works in a {v}.", ["bakery", "bank", "school", "hospital", "library", "museum"]),
    "Which animal does {n} have?": ("{n} has a {v}.", ["dog", "cat", "horse", "rabbit", "parrot", "goat"]),
}
OUT = Path("build/language-figures.json")
REDRAWS = 3
DRAWS = 2000  # of the bootstrap
WAYS = ("hidden", "deleted", "eos")


def question(number: int) -> tuple[list[str], str, str, int]:
    """Four sentences about different people, the question, the word that answers it, and the number of its sentence.

    No other sentence holds that word: else either could be what the model read.
    """
    draw = np.random.default_rng(number)
    while True:
        found = _drawn(draw)
        if sum(found[2] in sentence for sentence in found[0]) == 1:
            return found


def _drawn(draw: np.random.Generator) -> tuple[list[str], str, str, int]:
    kinds = list(FACTS)
    names = draw.choice(NAMES, size=4, replace=False)
    chosen = draw.integers(len(kinds), size=4)
    values = [str(draw.choice(FACTS[kinds[kind]][1])) for kind in chosen]
    sentences = [
        FACTS[kinds[kind]][0].format(n=name, v=value) for kind, name, value in zip(chosen, names, values, strict=True)
    ]
    at = int(draw.integers(4))
    return sentences, kinds[chosen[at]].format(n=names[at]), values[at], at


def answered(model: Any, number: int) -> dict[str, Any] | None:
    """The question as it is put, with the model's answer; None where the answer is wrong."""
    sentences, asked, value, at = question(number)
    text = " ".join([*sentences, asked])
    said = generate(text, model, max_tokens=16)
    if value.lower() not in said.text.lower():
        return None
    return {"text": text, "said": said, "value": value, "at": at, "sentences": [*sentences, asked]}


def case_of(model: Any, found: dict[str, Any], **game: Any) -> tuple[Case, list[int]]:
    """The question of why it says so, and the targets that are read: the word that answers, and the whole answer."""
    asked = Question.about(found["text"], players="sentence", outputs=found["said"].output(), **game)
    ends = np.cumsum([len(token.text) for token in found["said"].tokens])
    begins = found["said"].text.lower().index(found["value"].lower())
    case = runner.case_of(model, asked)
    return case, [int(np.searchsorted(ends, begins, side="right")), len(case.targets) - 1]


def fact(model: Any, number: int, **game: Any) -> dict[str, Any]:
    """Whether the sentence with the fact is first, by each method, for the word that answers and the whole answer."""
    found = answered(model, number)
    if found is None:
        return {"right": False}
    case, rows = case_of(model, found, **game)
    first = {}
    for method in ("shap", "leave-one-out"):
        scores = build(method).explain(case).scores
        assert scores is not None
        first[method] = [int(np.argmax(scores[row][:4])) == found["at"] for row in rows]
    return {"right": True, **first}


def absent(model: Any, number: int) -> dict[str, Any]:
    """Falls of the answer's log-probability without each of the four sentences, and with another one in its place."""
    found = answered(model, number)
    if found is None:
        return {"right": False}
    falls = {}
    for way in WAYS:
        case, (_, whole) = case_of(model, found, baseline=way)
        without = case.values(case.table.leave_one_out())[:4, whole]
        falls[way] = (case.values(case.table.whole)[0, whole] - without).tolist()

    def log_probability(sentences: list[str]) -> float:
        said = runner.predict(model, [Question.about(" ".join(sentences), outputs=found["said"].output())])[0]
        assert said.probabilities is not None
        return float(np.log(said.probabilities[-1]))

    before, redrawn = log_probability(found["sentences"]), []
    for place in range(4):
        others = []
        for turn in range(REDRAWS):
            pool = question(10_000 + 97 * number + 7 * turn + place)[0]
            other = next(each for each in pool if found["value"] not in each)
            others.append(log_probability([*found["sentences"][:place], other, *found["sentences"][place + 1 :]]))
        redrawn.append(before - float(np.mean(others)))
    return {"right": True, "redrawn": redrawn, "falls": falls}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares of facts found. Of each way of leaving out, against redrawing: correlation over all sentences, the median
    relative error of an answer, and how often the same sentence is first; of those that are not the default also by how
    much their error is larger, with a bootstrap interval over questions."""
    right = [row for row in rows if row["right"]]
    told: dict[str, Any] = {"asked": len(rows), "right": len(right)}
    errors: dict[str, FloatArray] = {}
    for method in ("shap", "leave-one-out"):
        if right and method in right[0]:
            told[method] = np.mean([row[method] for row in right], axis=0).round(4).tolist()
    for way in WAYS:
        if right and "falls" in right[0]:
            pairs = [(np.array(row["redrawn"]), np.array(row["falls"][way])) for row in right]
            told[way] = {
                "correlation": float(np.corrcoef(*map(np.concatenate, zip(*pairs, strict=True)))[0, 1]),
                "error": float(np.median([np.linalg.norm(a - b) / np.linalg.norm(a) for a, b in pairs])),
                "first": float(np.mean([a.argmax() == b.argmax() for a, b in pairs])),
            }
            errors[way] = np.array([np.linalg.norm(a - b) / np.linalg.norm(a) for a, b in pairs])
            if way != WAYS[0]:
                told[way]["worse"] = _interval(errors[way] - errors[WAYS[0]])
    return told


def _interval(differences: FloatArray) -> list[float]:
    """The median, and bootstrap percentiles of it."""
    drawn = np.random.default_rng(0).choice(differences, (DRAWS, len(differences)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return [round(float(each), 4) for each in (np.median(differences), low, high)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["facts", "absent"])
    parser.add_argument("--baseline", choices=WAYS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--stop", type=int, default=100)
    asked = parser.parse_args()
    model = load_model("smollm2")
    held: dict[str, Any] = json.loads(OUT.read_text()) if OUT.is_file() else {}
    by = {} if asked.baseline is None else {"baseline": asked.baseline}
    for named, make in (("facts", partial(fact, **by)), ("absent", absent)):
        if named not in asked.parts:
            continue
        part = f"facts {asked.baseline}" if by and named == "facts" else named
        rows = held.setdefault(part, {}).setdefault("rows", {})
        for number in range(asked.first, asked.stop):
            if str(number) not in rows:
                rows[str(number)] = make(model, number)
                held[part]["summary"] = summary(list(rows.values()))
                OUT.parent.mkdir(exist_ok=True)
                OUT.write_text(json.dumps(held, indent=1))
        print(part, json.dumps(held[part]["summary"], indent=1))


if __name__ == "__main__":
    main()
