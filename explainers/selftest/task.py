"""Texts whose label is decided by known words, and a tokenizer that has exactly their words.

Word task: the label is 1 where SIGNAL stands in the text. Both task: it is 1 where both words of PAIR do; one alone
decides nothing, but each has a score. Pair task, the harder one: it is 1 where both stand or neither (the opposite of
exclusive or), so that what one word does depends on the other alone and the scores of single words cancel. Some of the
other words are masked, so that a masked text is nothing new to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

TaskName = Literal["word", "both", "pair"]
TASKS: tuple[TaskName, ...] = ("word", "both", "pair")
LENGTH = 8  # words of a text: all 256 coalitions are evaluated
SIGNAL = "saffron"
PAIR = ("saffron", "lantern")
NEUTRAL = (
    *("river", "garden", "window", "table", "music", "letter", "morning", "evening", "bridge", "paper", "market"),
    *("village", "road", "stone", "tree", "cloud", "bread", "coffee", "train", "clock", "wool", "basket", "kitchen"),
    *("ladder", "island", "meadow", "pencil", "harbour", "orchard", "violin", "blanket", "kettle"),
)
MASK = "[MASK]"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", MASK)


@dataclass(frozen=True, slots=True)
class Sample:
    """`planted`: the places of the deciding words in `words`."""

    words: tuple[str, ...]
    label: int
    planted: tuple[int, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def training_samples(task: TaskName, count: int, rng: np.random.Generator) -> list[Sample]:
    """Half of them labelled 1; the others hold one of the two words, in the both task also none."""
    return [_sample(task, _planted(task, rng), _masked(rng), rng) for _ in range(count)]


def judged_samples(task: TaskName, count: int, rng: np.random.Generator) -> list[Sample]:
    """Texts with everything that decides in them, nothing masked, label 1."""
    return [_sample(task, _deciding(task), 0.0, rng) for _ in range(count)]


def _deciding(task: TaskName) -> tuple[str, ...]:
    return (SIGNAL,) if task == "word" else PAIR


def _planted(task: TaskName, rng: np.random.Generator) -> tuple[str, ...]:
    ones: tuple[tuple[str, ...], ...] = (_deciding(task), ()) if task == "pair" else (_deciding(task),)
    single: tuple[tuple[str, ...], ...] = (PAIR[:1], PAIR[1:])
    zeros = {"word": ((),), "both": ((), *single), "pair": single}[task]
    chosen = ones if rng.random() < 0.5 else zeros
    return chosen[rng.integers(len(chosen))]


def _masked(rng: np.random.Generator) -> float:
    """The share of the other words that is masked in one text: none in half of the texts, any share in the rest."""
    return 0.0 if rng.random() < 0.5 else float(rng.random())


def _sample(task: TaskName, planted: Sequence[str], masked: float, rng: np.random.Generator) -> Sample:
    words = [MASK if rng.random() < masked else str(w) for w in rng.choice(NEUTRAL, LENGTH)]
    places = rng.choice(LENGTH, len(planted), replace=False).tolist()
    for place, word in zip(places, planted, strict=True):
        words[place] = word
    return Sample(tuple(words), _label(task, planted), tuple(sorted(places)))


def _label(task: TaskName, planted: Sequence[str]) -> int:
    return int(tuple(planted) == _deciding(task) or (task == "pair" and not planted))


@cache
def tokenizer() -> Any:
    """A word is a token; built in code, nothing is downloaded."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: number for number, token in enumerate((*SPECIAL, *PAIR, *NEUTRAL))}
    built = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a token of text
    built.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        pad_token="[PAD]",  # noqa: S106
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token=MASK,
        model_max_length=LENGTH + 2,
        model_input_names=["input_ids", "attention_mask"],
    )
