"""A picture with what a model says of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...contract import Encoded
from ..text.continuation import Continuation
from .encoding import Cells, cells_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionedCells(Cells):
    """The cells of a picture, and the caption that follows them."""

    continuation: Continuation


def with_caption(picture: Encoded, continuation: Continuation) -> CaptionedCells:
    """The encoded picture followed by its caption."""
    held = cells_of(picture)
    return CaptionedCells(**{each.name: getattr(held, each.name) for each in fields(held)}, continuation=continuation)
