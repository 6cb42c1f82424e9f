"""The identity templates that come with Whence."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "run" / "samples"


def frames(language: str) -> list[dict[str, str]]:
    """`frame` with a slot for an identity, and `toxicity`."""
    return list(_rows(f"frames.{language}.csv"))


def identities(language: str) -> list[tuple[str, str]]:
    """Each identity and the axis that it lies on."""
    return [(row["identity"], row["axis"]) for row in _rows(f"identities.{language}.csv")]


@cache
def size(language: str) -> tuple[int, int, int]:
    """Identities, frames that are of the class, and frames that are not: every identity stands in every frame."""
    toxic = sum(frame["toxicity"] == "toxic" for frame in frames(language))
    return len(identities(language)), toxic, len(frames(language)) - toxic


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
