"""Regions hidden by a reader, and what the model then says: every set of regions was asked when the map was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from ..._library import explainers
from ...engine.messages import GAME
from ...errors import NotFound, UnknownValue
from ...store.arrays import unpack
from ...web.dependencies import Services
from ..ask import service
from ..ask.schemas import ExplanationOut, PanelOut

PARTED = "."  # between the numbers of regions in an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """Regions that are hidden, by number from 1, and the probability then and of the whole picture.

    None of the two where the explained number is no probability.
    """

    hidden: Sequence[int]
    before: float | None
    after: float | None

    def toggled(self, number: int) -> str:
        """The regions with one more hidden, or one less, as an address names them."""
        return PARTED.join(map(str, sorted({*self.hidden} ^ {number})))


@dataclass(frozen=True, slots=True)
class Game:
    """The explained number of every set of regions, (targets, sets); bit p of a set says whether region p is kept."""

    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    of: ExplanationOut


async def game_of(services: Services, panel: PanelOut, project: str) -> Game | None:
    """None where not every set of regions was asked."""
    found = next((each for each in panel.explanations if GAME in each.arrays), None)
    if found is None:
        return None
    try:
        packed = await service.find_array(services, found.key, GAME, project)
    except NotFound:
        return None
    return Game(np.asarray(unpack(packed), dtype=np.float64), found)


def hiding_of(game: Game, rows: Sequence[int], asked: str) -> Hiding:
    """Hidden regions and their effect on these targets, whose numbers add up. Raises UnknownValue."""
    count = len(game.of.features)
    numbers = _numbers(asked, count)
    kept = sum(1 << player for player in range(count) if player + 1 not in numbers)
    value = game.values[list(rows)].sum(axis=0)
    return Hiding(
        hidden=numbers,
        before=_probability(float(value[-1]), game.of.value),
        after=_probability(float(value[kept]), game.of.value),
    )


def _numbers(asked: str, count: int) -> list[int]:
    given = asked.split(PARTED) if asked else []
    if not all(each.isascii() and each.isdecimal() and 1 <= int(each[:4]) <= count for each in given):
        raise UnknownValue("hide", asked, [f"1 to {count}"], cure="Open the page without it.")
    return sorted({int(each) for each in given})


def _probability(value: float, name: explainers.ValueName) -> float | None:
    if name == "log-odds":
        return 1 / (1 + exp(-value)) if value > 0 else exp(value) / (1 + exp(value))
    return {"log-probability": exp(min(value, 0.0)), "probability": value}.get(name)
