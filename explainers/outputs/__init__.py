"""Kinds of output: which numbers of a model are explained, and what can be read from them."""

from __future__ import annotations

from ..contract import ClassOutput, Head, Output, Outputs, WordOutput
from .classes import Classes
from .numbers import Numbers
from .tokens import Tokens
from .words import Words


def classifier_output(labels: tuple[str, ...], head: Head, asked: Outputs) -> Output:
    """The output of a classifier of the whole input: its classes, or of a regression its numbers."""
    also = asked.also if isinstance(asked, ClassOutput | WordOutput) else None
    return Numbers(labels, also) if head == "regression" else Classes(labels, also, several=head == "multi")


__all__ = ["Classes", "Numbers", "Tokens", "Words", "classifier_output"]
