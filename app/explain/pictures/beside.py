"""One question with several stand-ins for a hidden region, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import NotFound, UnknownValue
from ...web.dependencies import Services
from ..ask import service
from ..ask.schemas import ExplanationOut, PanelOut
from . import captions, painting, regions
from .regions import Region

MOST = 4  # maps
PARTED = "."  # between keys in an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One map: what stands for a hidden region in it, and its strongest region."""

    baseline: str
    key: str
    regions: Sequence[Region]
    strongest: Region


async def found_beside(services: Services, panel: PanelOut, asked: str, project: str) -> Sequence[ExplanationOut]:
    """The explanations whose keys an address names. Raises UnknownValue unless each is one of the same picture."""
    found = []
    for key in asked.split(PARTED)[:MOST] if asked else ():
        try:
            one = await service.find_explanation(services, key, project)
        except NotFound:
            raise UnknownValue("beside", key, [], cure="Open the page without it.") from None
        if one.input != panel.input or one.outputs != panel.explanations[0].outputs or one.scores is None:
            raise UnknownValue("beside", key, [], cure="Open the page without it.")
        found.append(one)
    return found


def maps_of(
    panel: PanelOut, shown: ExplanationOut, others: Sequence[ExplanationOut], target: int, words: str
) -> Sequence[Beside]:
    """The map of the page and the others, for the same class or words."""
    return [_map(panel, one, target, words) for one in (shown, *others)] if others else ()


def _map(panel: PanelOut, one: ExplanationOut, target: int, words: str) -> Beside:
    caption = captions.caption_of(panel, one, words)
    painted = painting.of_class(panel, one, target) if caption is None else captions.painted(panel, one, caption)
    made = regions.regions_of(panel, one, painted)
    return Beside(
        baseline=one.baseline or "",
        key=one.key,
        regions=made,
        strongest=max(made, key=lambda region: region.score or 0.0),
    )
