"""What is said of attention heads, on matrices whose answer is plain."""

from __future__ import annotations

import numpy as np
import pytest

from app.explain.draw import heads

SIZE = 5
SPECIAL = (True, False, False, False, True)


def relations() -> np.ndarray:
    """Two layers of two heads: itself, the token before, everything alike, the first token."""
    same, before = np.eye(SIZE), np.eye(SIZE, k=-1)
    before[0, 0] = 1
    alike = np.full((SIZE, SIZE), 1 / SIZE)
    first = np.zeros((SIZE, SIZE))
    first[:, 0] = 1
    return np.array([[same, before], [alike, first]])


def test_the_figures_of_a_head_are_means_over_the_tokens_of_the_text() -> None:
    """Uniform attention spreads over ln 5 nats; looking at the first token is all special and 1, 2, 3 away."""
    found = heads.facts_of(relations(), SPECIAL)

    assert found.entropy[1, 0] == pytest.approx(np.log(SIZE))
    assert found.entropy[0, 0] == pytest.approx(0, abs=1e-9)
    assert found.distance[0].tolist() == pytest.approx([0, 1])
    assert found.distance[1, 1] == pytest.approx((1 + 2 + 3) / 3)
    assert found.special[:, 1].tolist() == pytest.approx([1 / 3, 1])
    assert found.special[1, 0] == pytest.approx(2 / SIZE)


def test_heads_worth_a_look_are_those_that_do_most_of_it() -> None:
    """The head that looks at the token before is found as that, and so are the others."""
    found = {
        each.kind: (each.layer, each.head) for each in heads.notable(relations(), heads.facts_of(relations(), SPECIAL))
    }

    assert found["before"] == (0, 1)
    assert found["wide"] == (1, 0)
    assert found["special"] == (1, 1)
    assert found["words"] == (1, 0)


def test_the_strongest_links_are_named() -> None:
    """From the row that looks to the column that is looked at."""
    weights = np.array([[0.1, 0.9], [0.6, 0.4]])

    found = heads.strongest(weights, ["a", "b"], count=2)

    assert [(link.source, link.target) for link in found] == [("a", "b"), ("b", "a")]


def test_small_pictures_stay_small() -> None:
    """A text of 200 tokens is pooled to 48 a side, and a single strong link is still seen."""
    weights = np.zeros((1, 2, 200, 200), dtype=np.float16)
    weights[0, 1, 199, 3] = 1

    sides, body = heads.thumbnails(weights)
    picture = np.frombuffer(body, dtype=np.uint8).reshape(2, *sides)

    assert sides == (heads.THUMBNAIL, heads.THUMBNAIL)
    assert picture[0].max() == 0
    assert picture[1, -1, 0] == 255
