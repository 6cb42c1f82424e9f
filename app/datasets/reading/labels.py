"""Whether what the file calls right is what the model calls its classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def aligned(labels: Sequence[str], classes: Sequence[str]) -> Mapping[str, str]:
    """The file's labels by the names of the model's classes; nothing where they cannot be told.

    By name, whatever the case; else by number, where the file has numbers alone and the model has as many classes.
    """
    by_name = {each.casefold(): each for each in classes}
    if labels and all(label.casefold() in by_name for label in labels):
        return {label: by_name[label.casefold()] for label in labels}
    numbers = {label: int(label) for label in labels if label.isascii() and label.isdecimal() and len(label) < 6}
    if labels and len(numbers) == len(labels) and all(number < len(classes) for number in numbers.values()):
        return {label: classes[number] for label, number in numbers.items()}
    return {}
