"""Figures of the embedded language model: build/language-figures.json (docs/decisions/0020).

    python -m tests.language_figures [facts] [absent] [--first N] [--stop N]

facts: 100 questions about four sentences, one of which holds the answer: how often it is first by SHAP, by
leave-one-out and by LIME, of those that the model answers right. absent: what leaving a sentence out does to the
answer's log-probability, by each way of leaving out, against redrawing it from other questions.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from explainers import Question, TokenOutput, build, generate, load_model, runner

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
REDRAWS = 6
WAYS = ("hidden", "deleted", "eos")


def question(number: int) -> tuple[list[str], str, str, int]:
    """Four sentences about different people, the question, the word that answers it, and the number of its sentence."""
    draw = np.random.default_rng(number)
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


def of_answer(found: dict[str, Any], method: str, **game: Any) -> Any:
    """(sentences,) scores of the word that answers."""
    outputs = found["said"].output()
    asked = Question.about(found["text"], players="sentence", outputs=outputs, **game)
    explained = runner.explain(found["model"], asked, build(method))
    ends = np.cumsum([len(token.text) for token in found["said"].tokens])
    begins = found["said"].text.lower().index(found["value"].lower())
    row = int(np.searchsorted(ends, begins, side="right"))
    return np.asarray(explained.scores)[[row, -1]]


def fact(model: Any, number: int) -> dict[str, Any]:
    """Whether the sentence with the fact is first, by each method."""
    found = answered(model, number)
    if found is None:
        return {"right": False}
    found["model"] = model
    first = {}
    for method in ("shap", "leave-one-out", "lime"):
        word, whole = of_answer(found, method)
        first[method] = [int(np.argmax(row[:4])) == found["at"] for row in (word, whole)]
    return {"right": True, **first}


def absent(model: Any, number: int) -> dict[str, Any]:
    """Falls of the answer's log-probability without each of the four sentences, and with another one in its place."""
    found = answered(model, number)
    if found is None:
        return {"right": False}
    found["model"] = model
    falls = {way: of_answer(found, "leave-one-out", baseline=way)[1][:4].tolist() for way in WAYS}
    shap = {way: of_answer(found, "shap", baseline=way)[1][:4].tolist() for way in WAYS}
    outputs = TokenOutput(**{**found["said"].output().model_dump(), "first": 0})

    def log_probability(sentences: list[str]) -> float:
        said = runner.predict(model, [Question.about(" ".join(sentences), outputs=outputs)])[0]
        assert said.probabilities is not None
        return float(np.log(said.probabilities[-1]))

    whole = log_probability(found["sentences"])
    redrawn = []
    for place in range(4):
        others = []
        for turn in range(REDRAWS):
            pool, _, _value, _ = question(10_000 + 97 * number + 7 * turn + place)
            other = next(each for each in pool if found["value"] not in each)
            others.append(log_probability([*found["sentences"][:place], other, *found["sentences"][place + 1 :]]))
        redrawn.append(whole - float(np.mean(others)))
    return {"right": True, "redrawn": redrawn, "falls": falls, "shap": shap}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares of facts found; of ways of leaving out: correlation with redrawing and relative error, means over rows."""
    right = [row for row in rows if row["right"]]
    told: dict[str, Any] = {"asked": len(rows), "right": len(right)}
    for method in ("shap", "leave-one-out", "lime"):
        if right and method in right[0]:
            told[method] = np.mean([row[method] for row in right], axis=0).round(4).tolist()
    for kind in ("falls", "shap"):
        for way in WAYS:
            if right and kind in right[0] and isinstance(right[0][kind], dict):
                pairs = [(np.array(row["redrawn"]), np.array(row[kind][way])) for row in right]
                told[f"{kind} {way}"] = {
                    "correlation": float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs])),
                    "error": float(np.mean([np.linalg.norm(a - b) / np.linalg.norm(a) for a, b in pairs])),
                    "pooled": float(np.corrcoef(*map(np.concatenate, zip(*pairs, strict=True)))[0, 1]),
                }
    return told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["facts", "absent"])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--stop", type=int, default=100)
    asked = parser.parse_args()
    model = load_model("smollm2")
    held: dict[str, Any] = json.loads(OUT.read_text()) if OUT.is_file() else {}
    for part, make in (("facts", fact), ("absent", absent)):
        if part not in asked.parts:
            continue
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
