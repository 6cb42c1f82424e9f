"""Parts of an input: what is kept or hidden together, and the positions that the model reads."""

from __future__ import annotations

from typing import Literal

from .records import Value

Part = Literal["text", "text_pair"]


class TextSpan(Value):
    """A part of the user's exact text: `text == whole[start:end]`, offsets in Unicode code points."""

    kind: Literal["text"] = "text"
    text: str
    start: int
    end: int
    part: Part = "text"
    known: bool = True  # False: all its tokens are the unknown token, the model cannot read it


Feature = TextSpan


class Token(Value):
    """One position of the model's input; special tokens have no span."""

    text: str
    special: bool = False
    player: int | None = None
    start: int | None = None
    end: int | None = None
    part: Part = "text"
