"""The planted data: what decides is where it is said to be, and nothing else decides."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.selftest.task import (
    LENGTH,
    MASK,
    PAIR,
    SIGNAL,
    TASKS,
    TaskName,
    judged_samples,
    tokenizer,
    training_samples,
)


@pytest.mark.parametrize("task", TASKS)
def test_the_label_follows_the_planted_words_alone(task: TaskName) -> None:
    """One half of a pair decides nothing; the places of the planted words are right."""
    deciding = {SIGNAL} if task == "word" else set(PAIR)
    for sample in training_samples(task, 300, np.random.default_rng(0)):
        assert len(sample.words) == LENGTH
        planted = set(sample.words) & {*PAIR, SIGNAL}
        assert sample.label == int(deciding <= planted or (task == "pair" and not planted))
        assert {sample.words[place] for place in sample.planted} == set(sample.words) & {*PAIR, SIGNAL}


@pytest.mark.parametrize("task", ["both", "pair"])
def test_either_word_of_the_pair_stands_alone_often(task: TaskName) -> None:
    """Else a model could learn one of the two and be right."""
    samples = training_samples(task, 600, np.random.default_rng(1))
    alone = [next(iter(found)) for s in samples if len(found := set(s.words) & set(PAIR)) == 1]

    assert min(alone.count(word) for word in PAIR) > 600 / 6 / 2
    assert sum(s.label for s in samples) == pytest.approx(300, abs=60)


def test_neither_word_of_the_pair_says_anything_alone() -> None:
    """In the pair task the label is 1 as often with a word as without it."""
    samples = training_samples("pair", 2000, np.random.default_rng(4))
    for word in PAIR:
        labels = [s.label for s in samples if word in s.words]
        assert np.mean(labels) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("task", TASKS)
def test_judged_texts_hold_all_that_decides_and_no_mask(task: TaskName) -> None:
    """The explained class is the planted one, and places are in reading order, as pairs of players are named."""
    for sample in judged_samples(task, 50, np.random.default_rng(2)):
        assert sample.label == 1
        assert MASK not in sample.words
        assert list(sample.planted) == sorted(sample.planted)
        assert len(sample.planted) == (1 if task == "word" else 2)


def test_a_word_is_one_token_and_none_is_unknown() -> None:
    """Players are words, so that places in a text are players."""
    words = tokenizer()
    for sample in training_samples("pair", 50, np.random.default_rng(3)):
        ids = words(sample.text)["input_ids"]

        assert len(ids) == LENGTH + 2
        assert words.unk_token_id not in ids
