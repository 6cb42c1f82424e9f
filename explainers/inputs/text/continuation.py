"""A prompt with what follows it: the tokens that a language model is explained on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from ...contract import Encoded, Ids
from ...errors import BadInput
from .ids import TextIds


@dataclass(frozen=True, slots=True)
class Contrast:
    """Another continuation: its text and its ids."""

    text: str
    ids: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """The tokens that follow an input up to the last token that is explained.

    continued: its ids. first: the place of the first one that is explained. labels: the tokens as they are shown.
    together: they are also explained as one. against: the ids of another continuation, which they are compared with.
    names: labels of what is explained behind the tokens.
    """

    continued: Ids
    first: int = 0
    labels: tuple[str, ...]
    together: bool = False
    against: Ids | None = None
    names: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, ids: Ids, labels: tuple[str, ...], *, first: int, whole: bool = False, contrast: Contrast | None = None
    ) -> Self:
        """The tokens `ids`, of which those from `first` on are explained.

        whole: also all of them as one. contrast: what else could follow.
        """
        said = "".join(labels[first:]).strip() or "".join(labels[first:])
        return cls(
            continued=ids,
            first=first,
            labels=labels[first:],
            together=whole,
            against=None if contrast is None else contrast.ids,
            names=((said,) if whole else ()) + (() if contrast is None else (f"{said} / {contrast.text.strip()}",)),
        )


@runtime_checkable
class Continued(Protocol):
    """An encoded input that a continuation follows."""

    @property
    def continuation(self) -> Continuation: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuedIds(TextIds):
    """The ids of a prompt, and what follows it."""

    continuation: Continuation


def continued(inputs: Encoded) -> Continuation:
    """The continuation of an input that was encoded by a model that says something token by token."""
    assert isinstance(inputs.held, Continued)
    return inputs.held.continuation


def followed(held: TextIds, continuation: Continuation) -> ContinuedIds:
    """The prompt with what follows it."""
    return ContinuedIds(**{each.name: getattr(held, each.name) for each in fields(held)}, continuation=continuation)


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
