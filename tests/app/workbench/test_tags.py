"""Tags of rows: labels that look wrong as cleanlab finds them, and texts that repeat each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workbench.study.alike import alike
from app.workbench.study.confident import doubts_of
from app.workbench.study.frame import Frame, Named
from app.workbench.study.tags import TAGS, isolated, tagged
from app.workbench.study.words import words_of


def noisy(seed: int, classes: int, rows: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of a fair model, labels of which 8 % were turned, and which were."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + 2.5 * np.eye(classes)[true]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    turned = rng.random(rows) < 0.08
    return shares, np.where(turned, (true + rng.integers(1, classes, rows)) % classes, true), turned


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_doubts_are_those_of_cleanlab(classes: int) -> None:
    """The same rows, in the same order, so with the same average precision."""
    filters = pytest.importorskip("cleanlab.filter")
    rank = pytest.importorskip("cleanlab.rank")
    for seed in range(3):
        shares, labels, _ = noisy(seed, classes)
        found = doubts_of(shares, labels, np.ones(len(labels), bool))
        theirs = filters.find_label_issues(labels, shares, filter_by="confident_learning", n_jobs=1)

        assert found.looks_wrong.sum() > 10
        assert np.array_equal(found.looks_wrong, theirs)
        assert found.quality == pytest.approx(rank.get_label_quality_scores(labels, shares))


def test_turned_labels_are_found() -> None:
    """Most of what looks wrong was turned, and the class that is named instead is the true one."""
    shares, labels, turned = noisy(1, 3)
    found = doubts_of(shares, labels, np.ones(len(labels), bool))

    assert turned[found.looks_wrong].mean() > 0.6
    assert found.looks_wrong[turned].mean() > 0.6
    assert (found.better[found.looks_wrong] != labels[found.looks_wrong]).all()
    alone = doubts_of(shares[:4], labels[:4], np.array([True, True, False, False]))
    assert not alone.looks_wrong.any()
    assert np.isnan(alone.quality[2:]).all()


TEXTS = [
    "The film is good, and I would see it again at any time.",
    "the film is GOOD and i would see it again, at any time",
    "The film is good, and I would see it again at any time!!",
    "The film is bad, and nobody should ever have to see such things.",
    "这部电影非常好看，我还想再看一遍",
    "这部电影非常好看,我还想再看一遍!",
    "short",
    "short",
    "other",
]


def test_texts_that_repeat_each_other() -> None:
    """Case, punctuation and blanks do not count; a text is the same as the first of its kind."""
    assert alike([words_of(text) for text in TEXTS]).tolist() == [0, 0, 0, 3, 4, 4, 6, 6, 8]


@given(st.lists(st.text(alphabet="abc de", max_size=30), max_size=12))
def test_every_text_is_like_itself(texts: list[str]) -> None:
    """Equal texts are together, whatever else there is, and the first stands for them."""
    same = alike([words_of(text) for text in texts])

    for row, text in enumerate(texts):
        assert same[same[row]] == same[row] <= row
        if words_of(text):
            assert all(same[other] == same[row] for other in range(row) if words_of(texts[other]) == words_of(text))


def test_near_duplicates_are_those_of_the_whole_comparison() -> None:
    """Texts with a word changed: nearly all pairs beyond .85 are found, and none below .8."""
    rng = np.random.default_rng(0)
    words = [f"word{number}" for number in range(500)]
    originals = [list(rng.choice(words, 30)) for _ in range(60)]
    texts = [*originals, *[[*text[:-1], "other"] for text in originals]]
    same = alike(texts)

    assert (same[60:] == np.arange(60)).mean() >= 0.95
    assert (same[:60] == np.arange(60)).all()


def test_tags_and_what_is_suggested() -> None:
    """Of copies all but the first may go; labels that look wrong, or differ among copies, are looked at again."""
    shares = np.full((40, 2), (0.95, 0.05), dtype=np.float32)
    shares[20:] = (0.05, 0.95)
    shares[5] = (0.52, 0.48)
    labels = np.r_[np.zeros(20, int), np.ones(20, int)]
    labels[3] = 1
    unlike = [
        f"{a} {b} {a}{b}"
        for a, b in zip(
            "abcdefghijklmnopqrstuvwxyzäöüßéèêëîï0123", "zyxwvutsrqponmlkjihgfedcbaß9876543210äöü", strict=False
        )
    ]
    texts = [*unlike, *["x"] * 40][:40]
    texts[10], texts[11] = "the very same text", "The very same text."
    texts[12], texts[30] = "good or bad, who knows", "Good or bad – who knows?"[:23]
    frame = Frame(
        texts=texts, classes=("no", "yes"), label=Named(("no", "yes"), labels),
        predicted=Named(("no", "yes"), shares.argmax(axis=1)), confidence=shares.max(axis=1).astype(float),
        probabilities=shares,
    )  # fmt: skip
    found = tagged(frame)
    rows = dict(found.rows())

    assert next(iter(rows)) == 3
    assert rows[3] == ("label-looks-wrong",)
    assert found.suggested[3] == "relabel"
    assert rows[5] == ("low-margin",)
    assert rows[10] == rows[11] == ("near-duplicate",)
    assert (10 in found.suggested, found.suggested[11]) == (False, "drop")
    assert rows[12] == rows[30] == ("conflicting-labels", "near-duplicate")
    assert found.suggested[12] == found.suggested[30] == "relabel"
    assert set(found.tags) == set(TAGS) - {"no-similar-row"}
    assert set(tagged(frame, one_class=False).tags) == {"near-duplicate", "conflicting-labels"}


def test_a_row_far_from_all_others() -> None:
    """By the angle between states; without spread nothing is far."""
    rng = np.random.default_rng(0)
    states = np.r_[rng.normal(1.0, 0.4, (60, 8)), [[-5.0, 5.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]

    assert np.flatnonzero(isolated(states)).tolist() == [60]
    assert not isolated(np.ones((30, 4))).any()
