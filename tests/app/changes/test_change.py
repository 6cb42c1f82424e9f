"""Comparisons of models whose reasons are known: sums of word weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.audit.evidence.oracle import LocalOracle
from app.changes.change import Options, Side, change
from app.changes.decisions import decisions_of
from app.changes.material import NO_LABEL, Asked, Texts, read_texts
from app.changes.schemas import ChangeOut
from app.cli import main
from app.errors import BadRequest
from explainers.testing.linear import LinearModel

WORDS = [f"w{n}" for n in range(30)]


def model(seed: int, planted: Mapping[str, float] | None = None, *, noise: float = 0.2) -> LinearModel:
    """Weights that all seeds share, with a noise of the seed's own, and perhaps a word that pushes."""
    shared = np.random.default_rng(0).normal(size=len(WORDS))
    own = np.random.default_rng(1000 + seed).normal(scale=noise, size=len(WORDS))
    weights = {word: (0.0, float(value)) for word, value in zip(WORDS, shared + own, strict=True)}
    return LinearModel({**weights, **{word: (0.0, push) for word, push in (planted or {}).items()}})


def texts(count: int = 24, *, word: str | None = None, seed: int = 0) -> Texts:
    rng = np.random.default_rng(seed)
    made = [" ".join(rng.choice(WORDS, 7, replace=False)) for _ in range(count)]
    if word is not None:
        made = [f"{text} {word}" if row % 4 == 0 else text for row, text in enumerate(made)]
    groups = {"topic": tuple("ab"[row % 2] for row in range(count))}
    return Texts("made.csv", "0" * 64, tuple(made), rng.integers(0, 2, count), groups)


def compared(*models: LinearModel, given: Texts | None = None, **options: Any) -> ChangeOut:
    sides = [Side(LocalOracle(each), size=100, memory=10) for each in models]
    twin = sides[2] if len(sides) > 2 else None
    asked = Options(**{"explained": 20, "moved": 4, **options})
    return change(sides[0], sides[1], given or texts(), twin=twin, options=asked, tell=lambda done, note: None)


def test_a_model_compared_with_itself_did_not_change() -> None:
    found = compared(model(1), model(1), model(2))

    assert found.decisions.flips == found.decisions.gained == found.decisions.lost == 0
    assert (found.agreement.tau, found.agreement.top5, found.agreement.sign) == (1.0, 1.0, 1.0)
    assert found.agreement.call == "within"
    assert not any(word.moved for word in found.words)
    assert all(gap.change.value == 0 for gap in found.gaps)
    assert "All 24 decisions stay." in found.verdict


def test_a_planted_word_is_named_and_twins_are_not_accused() -> None:
    """A word that the new model takes as a reason is named every time; twins of one model are called changed rarely."""
    held = texts(word="buzz")
    named = 0
    for seed in range(10):
        found = compared(model(seed), model(100 + seed, {"buzz": 4.0}), model(200 + seed), given=held)
        named += [word.word for word in found.words if word.moved] == ["buzz"]
    assert named == 10

    nulls = [compared(model(s), model(300 + s), model(400 + s), given=held) for s in range(10)]
    assert sum(found.agreement.call == "changed" for found in nulls) <= 1
    assert sum(any(word.moved for word in found.words) for found in nulls) <= 1


def test_reasons_turned_over_are_called_changed() -> None:
    found = compared(model(1), model(2, noise=3.0), model(3))

    assert found.agreement.call == "changed"
    assert found.agreement.twins is not None
    assert found.agreement.twins.difference.high is not None
    assert found.agreement.twins.difference.high < -0.05
    assert "reasons changed by more than another seed" in found.verdict


def test_without_a_twin_nothing_is_called_changed() -> None:
    found = compared(model(1), model(2, noise=3.0))

    assert found.agreement.call == "unmeasured"
    assert "without a twin" in found.verdict


def test_decisions_are_counted_as_they_are() -> None:
    before, after = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 1, 1, 0, 1, 1])
    found = decisions_of(before, after, np.array([0, 1, 1, 1, 0, NO_LABEL]))

    assert (found.flips, found.gained, found.lost, found.labelled) == (3, 1, 2, 5)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(-0.2)
    assert found.p == 1.0
    unlabelled = decisions_of(before, after, np.full(6, NO_LABEL))
    assert (unlabelled.difference, unlabelled.p, unlabelled.flips) == (None, None, 3)


def test_models_with_other_classes_are_refused() -> None:
    other = model(1)
    other.labels = ("bad", "good")
    with pytest.raises(BadRequest, match="has the classes bad, good, linear has no, yes"):
        compared(model(1), other)


def test_a_label_that_is_no_class_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\na film,yes\nanother,maybe\n", encoding="utf-8")
    with pytest.raises(BadRequest, match="'maybe' is no class of the model; it has no, yes"):
        read_texts(file, ("no", "yes"))
    with pytest.raises(BadRequest, match="no column 'said'"):
        read_texts(file, ("no", "yes"), Asked(label="said"))
    with pytest.raises(BadRequest, match="cannot be read"):
        read_texts(tmp_path / "none.csv", ("no", "yes"))


def test_the_command_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [
        {"text": f"a {word} film", "label": label} for word, label in (("witty", "positive"), ("dull", "negative"))
    ]
    file.write_text("\n".join(json.dumps(lines[n % 2]) for n in range(10)), encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        main(["compare", "sentiment", "sentiment", "--data", str(file), "--texts", "10", "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert ended.value.code == 0
    assert answer["agreement"]["tau"] == 1.0
    assert answer["agreement"]["twins"] is None
    assert answer["size"]["before"] == answer["size"]["after"] > 90e6
    assert answer["milliseconds"]["after"] > 0
    assert answer["memory"]["ratio"]["value"] == 1.0
    assert (answer["n"], answer["flips"]["better"]) == (10, 0)
    assert answer["verdict"].startswith("Accuracy")
