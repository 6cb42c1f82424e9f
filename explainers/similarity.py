"""Reading an explanation of two compared texts: links between their words, and why one text is nearer than another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import library
from .contract import Array, Attribution, Progress, TextSpan, Value, silent
from .errors import BadInput


class Link(Value):
    """The joint effect of a word of the first text and a word of the second; error: its standard error, if sampled.

    A score rises where the interaction is positive: the model sees the two words as one matter.
    """

    first: TextSpan
    second: TextSpan
    value: float
    error: float | None = None


class Difference(Value):
    """Why `nearer` is more similar to the text than `farther` is; the difference may be negative.

    Shapley values are linear, and words of one candidate play no part in the other's score: a word of the text has the
    difference of its two values, `shared`, a word of a candidate its own value, `scores` of the two explanations.
    errors: standard errors of `shared` with both explanations taken as independent; None where both are exact.
    """

    text: str
    difference: float
    features: tuple[TextSpan, ...]  # the words of the text itself
    shared: Array  # (features,)
    errors: Array | None = None
    nearer: Attribution
    farther: Attribution


def links(found: Attribution) -> tuple[Link, ...]:
    """Interactions between the two texts, the strongest first; none for an explanation without interactions."""
    if found.interactions is None:
        return ()
    parts = [span.part for span in found.spans]
    across = [(i, j) for i, a in enumerate(parts) for j, b in enumerate(parts) if a == "text" and b == "text_pair"]
    matrix, errors = found.interactions[0], found.interaction_errors
    made = [
        Link(
            first=found.spans[i],
            second=found.spans[j],
            value=float(matrix[i, j]),
            error=None if errors is None else float(errors[0, i, j]),
        )
        for i, j in across
    ]
    return tuple(sorted(made, key=lambda link: -abs(link.value)))


def nearer(
    text: str,
    first: str,
    second: str,
    model: library.ModelLike = "similarity",
    *,
    progress: Progress = silent,
    **asked: Any,
) -> Difference:
    """Why `first` is more similar to `text` than `second`, word by word of all three, by exact Shapley values up to ten
    words a text.

    asked: further fields of Question. Raises BadInput for a model that does not compare texts, BadModel.
    """
    loaded = library.load_model(model) if isinstance(model, str | Path) else model
    one, other = (library.explain(text, loaded, text_pair=each, progress=progress, **asked) for each in (first, second))
    if one.emptied is None or other.emptied is None:
        raise BadInput(f"{one.model.id} does not compare texts: choose a sentence encoder, such as similarity")
    return difference_of(one, other)


def difference_of(one: Attribution, other: Attribution) -> Difference:
    """From two explanations of the same first text. Raises BadInput where that text or its parts are not the same."""
    mine, theirs = ([n for n, span in enumerate(each.spans) if span.part == "text"] for each in (one, other))
    features = tuple(one.spans[n] for n in mine)
    if one.scores is None or other.scores is None or features != tuple(other.spans[n] for n in theirs):
        raise BadInput(
            "the two explanations cut the first text into different features: give the same players for both, such as "
            "word"
        )
    errors = [
        np.zeros(len(features)) if each.standard_errors is None else each.standard_errors[0, at]
        for each, at in ((one, mine), (other, theirs))
    ]
    return Difference(
        text=one.text,
        difference=float(one.output[0] - other.output[0]),
        features=features,
        shared=one.scores[0, mine] - other.scores[0, theirs],
        errors=np.hypot(*errors) if any(error.any() for error in errors) else None,
        nearer=one,
        farther=other,
    )
