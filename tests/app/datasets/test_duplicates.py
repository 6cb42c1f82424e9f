"""Texts that are the same or nearly the same, planted among others."""

from __future__ import annotations

import random

from app.datasets.duplicates import near_texts, same_texts, seen_before

NOUNS = [
    "film",
    "plot",
    "actor",
    "scene",
    "director",
    "story",
    "script",
    "camera",
    "ending",
    "music",
    "crowd",
    "hotel",
    "room",
    "service",
    "breakfast",
]
DEEDS = [
    "moves",
    "drags",
    "shines",
    "fails",
    "wins",
    "bores",
    "charms",
    "stumbles",
    "glows",
    "sinks",
    "recovers",
    "explodes",
    "wanders",
    "sings",
]


def sentences(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [
        " ".join(f"the {draw.choice(NOUNS)} {draw.choice(DEEDS)} {draw.randrange(1000)}" for _ in range(4))
        for _ in range(count)
    ]


def test_the_same_text_in_other_letters_is_the_same() -> None:
    assert same_texts(["A good film.", "bad", "a good, film", "...", "!!!", "BAD!"]) == [(0, 2), (1, 5)]


def test_planted_edits_of_a_word_are_found_and_little_else() -> None:
    texts = sentences(1000, seed=0)
    edited = [text.replace(text.split()[4], "thing", 1) for text in texts[:200]]

    found = {(pair.first, pair.second) for pair in near_texts([*texts, *edited])}

    planted = {(row, 1000 + row) for row in range(200)}
    assert len(found & planted) >= 190
    assert len(found - planted) <= 10


def test_chinese_texts_without_spaces_are_compared() -> None:
    near = near_texts(
        ["这部电影的故事很好看，演员也很出色", "这家酒店的早餐不好吃", "这部电影的故事很好看，演员也出色"]
    )

    assert [(pair.first, pair.second) for pair in near] == [(0, 2)]


def test_every_copy_of_a_leaked_text_is_named() -> None:
    train = sentences(300, seed=1)
    test = [*sentences(50, seed=2), train[7].upper(), train[9] + " indeed", train[9] + " Indeed!"]

    found = seen_before(test, train)

    assert set(found) == {50, 51, 52}
    assert found[50] == (7, 1.0)
    assert {found[51][0], found[52][0]} == {9}


def test_texts_without_letters_and_few_texts_do_no_harm() -> None:
    assert near_texts([]) == near_texts(["a"]) == []
    assert near_texts(["", "?", "ab", "ac"]) == []
    assert seen_before([], ["a"]) == {}
