"""The words of the captions as a tokenizer: one token a word."""

from __future__ import annotations

from functools import cache
from typing import Any

from .drawing import COLOURS, EMPTY, SHAPES

STARTS, ENDS, PADS, UNKNOWN = "<s>", "</s>", "<pad>", "<unk>"
PLACES = ("left", "above", "below")  # the first words of relations
VOCABULARY = (STARTS, ENDS, PADS, UNKNOWN, "a", "of", *EMPTY, *PLACES, *COLOURS, *SHAPES)
LONGEST = 24  # tokens of a caption, far more than three shapes take


@cache
def tokenizer() -> Any:
    """The fast tokenizer; built in code, nothing is downloaded."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    built = Tokenizer(models.WordLevel({word: number for number, word in enumerate(VOCABULARY)}, unk_token=UNKNOWN))
    built.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        bos_token=STARTS,
        eos_token=ENDS,
        pad_token=PADS,
        unk_token=UNKNOWN,
        model_max_length=LONGEST,
        clean_up_tokenization_spaces=False,
    )


def numbers_of(caption: str) -> list[int]:
    """The tokens of a caption, its end included."""
    return [VOCABULARY.index(word) for word in (*caption.split(), ENDS)]
