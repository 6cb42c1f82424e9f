"""Parts of an input: what is kept or hidden together, and the positions that the model reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

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


class Patch(Value):
    """A region of a picture, in pixels of the picture as it is looked at: upright, columns left to right, rows down.

    box: left, top, right, bottom; right and bottom are the first that no longer belong to it. mask: its outline where
    it is no rectangle, closed rings of corners x, y, x, y …; a pixel belongs to it that lies within an odd number of
    rings. place: where it lies and how much of the picture it is, in words.
    """

    kind: Literal["patch"] = "patch"
    box: tuple[int, int, int, int]
    mask: tuple[tuple[int, ...], ...] = Field((), exclude_if=lambda rings: not rings)
    place: str = ""
    known: bool = True  # as in TextSpan: a model sees every pixel

    @property
    def text(self) -> str:
        """A name for the region where only words can be shown."""
        left, top, right, bottom = self.box
        return self.place or f"{left}, {top} to {right}, {bottom}"


class TimeSpan(Value):
    """A stretch of a recording, in seconds from its beginning. word: the word of the transcript that is heard there."""

    kind: Literal["span"] = "span"
    start: float
    end: float
    word: str = Field("", exclude_if=lambda word: not word)
    known: bool = True  # as in TextSpan: a model hears every sample

    @property
    def text(self) -> str:
        """A name for the stretch where only words can be shown."""
        return self.word or f"{self.start:.2f} s to {self.end:.2f} s"


Feature: TypeAlias = Annotated[TextSpan | Patch | TimeSpan, Field(discriminator="kind")]


def text_spans(features: Sequence[Feature]) -> tuple[TextSpan, ...]:
    """The features of a text. Raises TypeError where one is of another kind."""
    spans = tuple(feature for feature in features if isinstance(feature, TextSpan))
    if len(spans) != len(features):
        raise TypeError("these features are no parts of a text")
    return spans


class Token(Value):
    """One position of the model's input; special tokens have no span."""

    text: str
    special: bool = False
    player: int | None = None
    start: int | None = None
    end: int | None = None
    part: Part = "text"
