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
    """A rectangle of an image, in pixels of the image as it was given: columns left to right, rows top to bottom.

    The right and the bottom edge are the first that no longer belong to it.
    """

    kind: Literal["image"] = "image"
    left: int
    top: int
    right: int
    bottom: int
    known: bool = True  # as in TextSpan: a model sees every pixel

    @property
    def text(self) -> str:
        """A name for the patch where only words can be shown."""
        return f"{self.left}, {self.top} to {self.right}, {self.bottom}"


class TimeSpan(Value):
    """A stretch of a recording, in seconds from its beginning."""

    kind: Literal["audio"] = "audio"
    start: float
    end: float
    known: bool = True

    @property
    def text(self) -> str:
        """A name for the stretch where only words can be shown."""
        return f"{self.start:.2f} s to {self.end:.2f} s"


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
