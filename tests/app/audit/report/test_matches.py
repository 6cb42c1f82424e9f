"""Matches of the terms: a sample of every group to read, and the precision that somebody found who read it."""

from __future__ import annotations

import pytest

from app.audit.data.lexicon import Lexicon
from app.audit.data.plan import Plan
from app.audit.evidence.masking import masked
from app.audit.evidence.stored import Stored
from app.audit.evidence.words import digest_of, is_masked
from app.audit.report.matches import EACH, matches_of, sampled
from app.audit.statistics.intervals import wilson
from tests.app.audit.planted import plan
from tests.app.audit.test_audit_swaps import audited

ENGLISH = Lexicon.load("en")
TEXTS = [*[f"story {k}: a gay man walks home" for k in range(2 * EACH)], "the Sikh sang " + "on and on " * 20]


def found(seed: int = 0) -> list[tuple[str, int]]:
    return [(each.group, each.row) for each in sampled(TEXTS, [ENGLISH.find(text) for text in TEXTS], seed=seed)]


def test_every_group_has_its_sample() -> None:
    """Twenty where there are more, all where there are fewer; the seed says which."""
    drawn = [group for group, _ in found()]

    assert drawn.count("gay people") == EACH
    assert drawn.count("sikh people") == 1
    assert found() == found()
    assert found() != found(seed=1)


def test_a_match_stands_in_its_text() -> None:
    """The term between what stands before and after it."""
    for match in sampled(TEXTS, [ENGLISH.find(text) for text in TEXTS], seed=0):
        around = match.before + match.term + match.after
        assert around in TEXTS[match.row]
        assert TEXTS[match.row][match.start :].startswith(match.term + match.after)
        assert len(around) <= 120 + len(match.term)


def content(asked: Plan) -> dict[str, object]:
    _, stored, _ = audited()
    made = matches_of(stored, asked)
    assert made is not None
    return made


def test_nobody_has_read_them_until_the_plan_says_so() -> None:
    """Then there is no precision, and it is not 1."""
    made = content(plan())

    assert made["precision"] is None
    assert {each.precision for each in made["groups"]} == {None}  # type: ignore[attr-defined]


def test_what_was_read_gives_the_precision_with_its_interval() -> None:
    """Of the group, and of all groups that were read together."""
    read = [{"group": "muslim people", "matches": 20, "wrong": 1}, {"group": "buddhist people", "matches": 10}]
    made = content(plan(checked=read))
    muslims = next(each for each in made["groups"] if each.group == "muslim people")  # type: ignore[attr-defined]
    exact = wilson(29, 30)

    assert muslims.precision.value == pytest.approx(0.95)
    assert made["precision"].value == pytest.approx(29 / 30)  # type: ignore[attr-defined]
    assert made["precision"].interval == exact  # type: ignore[attr-defined]


def test_more_wrong_ones_than_were_read_are_refused() -> None:
    """By the plan itself."""
    with pytest.raises(ValueError, match="3 of 2 matches cannot be wrong"):
        plan(checked=[{"group": "women", "matches": 2, "wrong": 3}])


def test_listed_words_around_a_match_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored holds the mask, not the word."""
    monkeypatch.setattr("app.audit.evidence.words.masked_hashes", lambda: frozenset({digest_of("garden")}))
    _, stored, _ = audited()
    hidden: Stored = masked(stored)

    assert is_masked("garden")
    assert any("garden" in match.before for match in stored.matches)
    assert not any("garden" in match.before + match.after for match in hidden.matches)
