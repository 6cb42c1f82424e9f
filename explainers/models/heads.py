"""The meaning of a classification head's numbers: classes of which one holds, labels that each may hold, or values.

The one place that decides it, from the configuration's `problem_type`, the labels and the width of the head together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..contract import Head, Notice
from ..errors import BadModel

PROBLEMS: dict[str, Head] = {
    "single_label_classification": "single",
    "multi_label_classification": "multi",
    "regression": "regression",
}


TRAINED = "single_label_classification"  # what `whence train` trains, as the cards of its adapters say


@dataclass(frozen=True, slots=True)
class Reading:
    """How the head is read, and what had to be assumed for it: nothing where the configuration says it."""

    head: Head
    assumed: tuple[Notice, ...] = ()


def reading_of(problem: Any, *, outputs: int, task: Literal["text", "word"] = "text") -> Reading:
    """Raises BadModel for a `problem_type` that there is not, or one that the width of the head contradicts.

    Without one it is read as transformers trains it: one output is a value (its loss is the mean squared error),
    several are classes of which one holds.
    """
    if problem is not None and problem not in PROBLEMS:
        raise BadModel(f"config.json: problem_type is {problem!r}; it must be one of {', '.join(PROBLEMS)}")
    if task == "word":
        return Reading("single")
    if problem is None:
        return Reading("regression", (_one_output(),)) if outputs == 1 else Reading("single", (_unsaid(outputs),))
    if outputs == 1 and problem == "single_label_classification":
        raise BadModel(
            "config.json: problem_type is single_label_classification, but the head has one output, whose probability "
            "would always be 1: correct it to regression, or to multi_label_classification where a sigmoid was trained"
        )
    return Reading(PROBLEMS[problem])


def _one_output() -> Notice:
    return Notice(
        code="one_output",
        text="config.json names no problem_type: the one output is shown as the number it is, a regression. Where a "
        "sigmoid was trained, set problem_type to multi_label_classification.",
    )


def _unsaid(outputs: int) -> Notice:
    return Notice(
        code="problem_unsaid",
        text=f"config.json names no problem_type: the {outputs} outputs are read as classes of which one holds. Where "
        "they are values or independent labels, set problem_type to regression or multi_label_classification.",
        values={"outputs": outputs},
    )
