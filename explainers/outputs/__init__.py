"""Kinds of output: which numbers of a model are explained, and what can be read from them."""

from __future__ import annotations

from ..contract import ClassOutput, Head, Output, Outputs, WordOutput
from .classes import Classes
from .numbers import Numbers
from .tokens import Tokens
from .value import covered
from .words import Words


def classifier_output(labels: tuple[str, ...], head: Head, asked: Outputs, *, task: str = "text") -> Output:
    """The output of a classifier of the whole input: its classes, or of a regression its numbers."""
    also = asked.also if isinstance(asked, ClassOutput | WordOutput) else None
    most = covered(task)
    if head == "regression":
        return Numbers(labels, also, most)
    return Classes(labels, also, most, several=head == "multi")


__all__ = ["Classes", "Numbers", "Tokens", "Words", "classifier_output"]
