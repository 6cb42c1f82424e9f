"""A prompt with what follows it: the tokens that a language model is explained on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ...contract import Encoded, Ids
from ...errors import BadInput
from .ids import TextIds


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuedIds(TextIds):
    """The ids of a prompt, and of what follows it up to the last token that is explained.

    continued: those ids. first: the place of the first one that is explained. labels: the tokens as they are shown.
    """

    continued: Ids
    first: int = 0
    labels: tuple[str, ...]


def continued(inputs: Encoded) -> ContinuedIds:
    """What was encoded, by a model that continues texts."""
    assert isinstance(inputs.held, ContinuedIds)
    return inputs.held


def with_continuation(held: TextIds, *, ids: Ids, labels: tuple[str, ...], first: int) -> ContinuedIds:
    """The prompt followed by `ids`, of which those from `first` on are explained."""
    known = {each.name: getattr(held, each.name) for each in fields(held)}
    return ContinuedIds(**known, continued=ids, first=first, labels=labels[first:])


def tokens_of(tokenizer: Any, text: str) -> tuple[Ids, tuple[str, ...]]:
    """The ids of a continuation without special tokens, and each as it stands in the text, blanks included.

    Raises BadInput where the tokenizer leaves nothing of it.
    """
    read = tokenizer(text_target=text, add_special_tokens=False, return_offsets_mapping=True)
    ids = np.asarray(read["input_ids"], dtype=np.int64)
    if not len(ids):
        raise BadInput(f"the tokenizer leaves nothing of the continuation {text[:20]!r}: give it visible characters")
    names = tokenizer.convert_ids_to_tokens(ids.tolist())
    stretches = (text[start:end] for start, end in read["offset_mapping"])
    return ids, tuple(stretch or name for stretch, name in zip(stretches, names, strict=True))
