"""From a gap to the words that make it."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.evidence.decomposition import FRAME, Side, agreement, causal_check, decompose, word_table


def side(rng: np.random.Generator, n: int, identity: float) -> Side:
    """Outputs of a complete method: baseline + sums, with a mean identity effect that is known."""
    sums, baselines = rng.normal(0, 0.3, (n, 5)), rng.normal(-2, 0.1, n)
    sums[:, 0] += identity
    return Side(sums, baselines + sums.sum(axis=1), baselines)


def test_the_parts_add_up_to_the_gap() -> None:
    """A complete method leaves nothing over; the identity part is the effect that was put in."""
    rng = np.random.default_rng(0)
    found = decompose(side(rng, 150, 0.8), side(rng, 200, 0.0))
    parts = {part.name: part for part in found.parts}

    assert found.gap == pytest.approx(sum(part.value for part in found.parts), abs=1e-12)
    assert found.closes
    assert list(parts)[-1] == FRAME
    assert parts["identity"].interval is not None
    assert 0.8 in parts["identity"].interval
    assert parts["negation"].interval is not None
    assert 0 in parts["negation"].interval


def test_a_method_that_does_not_add_up_does_not_close() -> None:
    """Outputs a tenth higher than its scores say."""
    rng = np.random.default_rng(1)
    group, other = side(rng, 100, 0.8), side(rng, 100, 0.0)
    found = decompose(Side(group.sums, group.outputs + 0.2, group.baselines), other)

    assert found.residual == pytest.approx(0.2)
    assert not found.closes


def test_few_clusters_have_no_interval() -> None:
    """A hundred texts of ten templates."""
    rng = np.random.default_rng(2)
    group, other = side(rng, 100, 0.8), side(rng, 100, 0.0)
    clusters = np.arange(100) % 10
    found = decompose(*(Side(s.sums, s.outputs, s.baselines, clusters) for s in (group, other)))

    assert found.gap_interval is None
    assert all(part.interval is None for part in found.parts)


def test_the_planted_word_leads_the_table() -> None:
    """It is in half of the group's texts with a score of 1; q keeps nearly all noise words out."""
    rng = np.random.default_rng(3)

    def text(planted: bool) -> tuple[list[str], np.ndarray]:
        words = [f"w{k}" for k in rng.integers(0, 20, 6)] + (["Term"] if planted else [])
        return words, np.array([*rng.normal(0, 0.1, 6), *([1.0] if planted else [])])

    found = word_table([text(n % 2 == 0) for n in range(80)], [text(False) for _ in range(80)])

    assert (found[0].word, found[0].texts, found[0].other_texts) == ("term", 40, 0)
    assert found[0].claim == pytest.approx(0.5)
    assert found[0].q == min(effect.q for effect in found if effect.q is not None)
    assert sum(effect.q <= 0.05 for effect in found if effect.q is not None) <= 2


def test_removing_a_word_is_counted_again() -> None:
    """Of four selected texts two are no longer, and one new one is: of ten texts, five without the word, a tenth."""
    found = causal_check(np.array([1, 1, 1, 1, 0], dtype=bool), np.array([1, 1, 0, 0, 1], dtype=bool))
    assert found is not None

    assert (found.change(10), found.gained, found.lost) == (-0.1, 1, 2)
    assert causal_check(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)) is None


def test_claims_that_follow_what_is_measured_agree() -> None:
    """Rank correlation; None where there is nothing to rank."""
    assert agreement(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0])) == pytest.approx(1)
    assert agreement(np.array([1.0, 1.0, 1.0]), np.array([1.0, 4.0, 9.0])) is None
