"""B − A of two explanations, word by word."""

from __future__ import annotations

import random

import pytest

from app.compare.difference import MethodDifference, difference, lined_up
from app.explain.ask.schemas import ExplanationOut
from explainers import Question, build, runner
from tests.served import linear

WORDS = ("a", "good", "gorgeous", "bad", "film", "not", "the", "plot", ",", "and")


def explained(text: str, method: str = "shap") -> ExplanationOut:
    found = runner.explain(linear("sentiment"), Question.about(text), build(method))
    return ExplanationOut(**dict(found), key="k", target=found.targets[0])


def drawn(found: MethodDifference) -> str:
    """The text of B as it is painted, without what only A has."""
    return "".join(cell.text for text in found.texts for cell in text.cells if not cell.gone)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_painted_adds_up_to_the_change(seed: int) -> None:
    """Of a method whose scores add up: all cells of B − A are the difference of the outputs; no letter of B is lost."""
    chance = random.Random(seed)
    texts = [" ".join(chance.choices(WORDS, k=chance.randint(1, 7))) for _ in range(2)]
    left, right = map(explained, texts)
    lined = lined_up(left, right)
    assert lined is not None
    found = difference(left, right, lined, (0, 0))
    assert found is not None

    painted = [cell.score for text in found.texts for cell in text.cells if cell.score is not None]
    assert sum(painted) == pytest.approx(found.output, abs=1e-4)
    changed = [cell.score or 0.0 for text in found.texts for cell in text.cells if cell.changed or cell.gone]
    assert sum(changed) == pytest.approx(found.changed, abs=1e-6)
    assert drawn(found).split() == texts[1].split()
    removed = [cell.text for text in found.texts for cell in text.cells if cell.gone]
    kept = len(lined.same)
    assert len(removed) == len(left.spans) - kept
    assert (not lined.changes) == (texts[0] == texts[1])


def test_parts_of_another_kind_are_not_lined_up() -> None:
    """Nor are sizes without sign compared as if they had one."""
    words = explained("a good film")
    assert lined_up(words, words.model_copy(update={"players": "token"})) is None
    lined = lined_up(words, words)
    assert difference(words.model_copy(update={"unit": "share"}), words, lined, (0, 0)) is None
