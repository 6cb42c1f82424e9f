"""Variants of rows: what each recipe does to a text, and what is counted of the answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.audit.statistics.intervals import wilson_clustered
from app.errors import BadRequest
from app.variants import edits
from app.variants.form import pairs_of
from app.variants.making import variants_of
from app.variants.measuring import Answers, behaviour_of
from app.variants.schemas import Recipe

RNG = np.random.default_rng(0)


def made(text: str, *, seed: int = 0, row: int = 0, **recipe: Any) -> list[str]:
    given = SimpleNamespace(text=text, text_pair=None, label="yes")
    found = variants_of([(row, given)], [Recipe(**recipe)], seed=seed, fewest=lambda rows: [None for _ in rows])
    return [each.text for each in found]


@pytest.mark.parametrize(
    ("text", "language", "changed"),
    [
        ("This is good.", "en", "This is not good."),
        ("This is not good.", "en", "This is good."),
        ("I don't like it", "en", "I do like it"),
        ("It WILL work", "en", "It WILL NOT work"),
        ("You can't, CAN'T say", "en", "You can, CAN'T say"),
        ("It cannot be", "en", "It can be"),
        ("Good film", "en", None),
        ("他是好人", "zh", "他不是好人"),
        ("这里不会下雨", "zh", "这里会下雨"),
    ],
)
def test_negation_by_rules(text: str, language: str, changed: str | None) -> None:
    """One more, or one less; a text without a place for it has no variant."""
    assert made(text, how="negate", language=language) == ([] if changed is None else [changed])


def test_words_are_replaced_whole_and_in_their_case() -> None:
    """Every place of a pair changes, and a word within another word is none."""
    pairs = (("good", "bad"), ("film", "movie"))
    both = made("Good film, GOOD goods", how="replace", pairs=pairs, times=2)

    assert sorted(both) == ["Bad film, BAD goods", "Good movie, GOOD goods"]
    assert made("nothing", how="replace", pairs=pairs) == []
    assert made("很好看", how="replace", pairs=(("好看", "难看"),)) == ["很难看"]


def test_typing_errors_are_one_error_and_reproducible() -> None:
    """By seed and row, whatever else is varied; the length changes by one at most."""
    text = "a gorgeous witty film about clumsy people"
    first = made(text, how="typo", times=5, seed=3, row=7)

    assert first == made(text, how="typo", times=5, seed=3, row=7)
    assert first != made(text, how="typo", times=5, seed=4, row=7)
    assert len(first) == 5
    for wrong in first:
        differ = [(a, b) for a, b in zip(text.split(), wrong.split(), strict=True) if a != b]
        assert len(differ) == 1
        assert differ[0][0][0] == differ[0][1][0]
        assert abs(len(wrong) - len(text)) <= 1
    assert made("很好看", how="typo") != []


def test_case_punctuation_templates_and_groups() -> None:
    """Each yields what its name says, and nothing that the text is already."""
    assert made("so good", how="case", times=3) == ["SO GOOD", "So Good"]
    assert made("Good, yes.", how="punctuation", times=5) == ["Good, yes", "Good, yes!", "Good yes"]
    assert made("好，是的。", how="punctuation", times=5) == ["好，是的", "好，是的！", "好是的"]
    assert made("so {x}", how="template", templates=("I say: {text}!",)) == ["I say: so {x}!"]
    assert made("The women were late.", how="identity") == ["The men were late."]


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ({"how": "replace"}, "needs pairs"),
        ({"how": "replace", "pairs": [["a", "a"]]}, "same words"),
        ({"how": "template", "templates": ["no slot"]}, "{text}"),
        ({"how": "typo", "must": "rise"}, "needs target"),
        ({"how": "typo", "times": 9}, "times"),
    ],
)
def test_a_recipe_without_what_it_needs_is_refused(recipe: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("{", r"\{")):
        Recipe.model_validate(recipe)


def test_pairs_are_read_line_by_line() -> None:
    assert pairs_of("good → bad\n\nfine -> poor\na=b\n") == (("good", "bad"), ("fine", "poor"), ("a", "b"))
    with pytest.raises(BadRequest, match="'good'"):
        pairs_of("good")


def test_figures_are_those_of_scipy_and_statsmodels() -> None:
    """Flips with Wilson's interval, failures by what must happen, McNemar's test on labelled rows."""
    proportions = pytest.importorskip("statsmodels.stats.proportion")
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    n = 60
    before = RNG.integers(0, 2, n)
    after = np.where(RNG.random(n) < 0.3, 1 - before, before)
    labels = np.where(RNG.random(n) < 0.8, before, 1 - before)
    shares = [np.eye(2)[each] * 0.8 + 0.1 for each in (before, after)]
    answers = Answers(
        classes=("no", "yes"), parents=np.arange(n), recipes=np.zeros(n, int), before=before, after=after,
        shares_before=shares[0], shares_after=shares[1], right=(before == labels, after == labels),
        labelled=np.ones(n, bool),
    )  # fmt: skip
    found = behaviour_of(answers, 0, Recipe(how="typo"), chosen=70).out
    flips = int((before != after).sum())

    assert (found.n, found.flipped, found.failed, found.unchanged) == (n, flips, flips, 10)
    assert found.interval == pytest.approx(proportions.proportion_confint(flips, n, method="wilson"))
    lost, gained = found.worse, found.better
    exact = tables.mcnemar([[0, lost], [gained, 0]], exact=True).pvalue
    assert (lost > 0, found.p) == (True, pytest.approx(exact))
    must_flip = behaviour_of(answers, 0, Recipe(how="negate"), chosen=70).out
    assert must_flip.failed == n - flips
    rise = behaviour_of(answers, 0, Recipe(how="typo", must="rise", target="yes"), chosen=70).out
    assert rise.failed == n - int(((before == 0) & (after == 1)).sum())
    with pytest.raises(BadRequest, match="'maybe'"):
        behaviour_of(answers, 0, Recipe(how="typo", must="rise", target="maybe"), chosen=70)


def test_variants_of_one_row_are_no_independent_rows() -> None:
    """Five equal answers of a row are worth one; answers that differ within rows are worth more."""
    rows = np.repeat(np.arange(20), 5)
    same = np.repeat(np.arange(20) % 2 == 0, 5)
    spread = np.arange(100) % 2 == 0
    alone = wilson_clustered(np.arange(20) % 2 == 0, np.arange(20))
    found, other = wilson_clustered(same, rows), wilson_clustered(spread, rows)

    assert alone is not None
    assert found is not None
    assert other is not None
    assert found.high - found.low == pytest.approx(alone.high - alone.low, rel=0.06)
    assert other.high - other.low < 0.6 * (found.high - found.low)
    none = wilson_clustered(np.zeros(100, bool), rows)
    assert none is not None
    assert none.high == pytest.approx(wilson_clustered(np.zeros(20, bool), np.arange(20)).high)  # type: ignore[union-attr]


def test_a_random_coin_is_covered() -> None:
    """Over 400 draws of 30 rows with 4 variants each, correlated within rows: the interval holds the rate in 95 %."""
    rng = np.random.default_rng(5)
    rows = np.repeat(np.arange(30), 4)
    held = 0
    for _ in range(400):
        rates = rng.beta(2, 3, 30)  # mean .4
        found = wilson_clustered(rng.random(120) < rates[rows], rows)
        held += found is not None and found.low <= 0.4 <= found.high

    assert 0.92 <= held / 400 <= 0.99


def test_a_recipe_that_asks_the_model_has_no_edit() -> None:
    with pytest.raises(ValueError, match="asks the model"):
        edits.edits_of(Recipe(how="flip"))
