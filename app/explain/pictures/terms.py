"""Words for what the explanation of a picture names by code."""

from __future__ import annotations

from collections.abc import Callable

from ...web.words import N_, naming

PLACES = {  # of a region in a picture; the keys are the library's own words
    "upper left": N_("upper left"),
    "upper middle": N_("upper middle"),
    "upper right": N_("upper right"),
    "middle left": N_("middle left"),
    "in the middle": N_("in the middle"),
    "middle right": N_("middle right"),
    "lower left": N_("lower left"),
    "lower middle": N_("lower middle"),
    "lower right": N_("lower right"),
}
REGION_LEVELS = {
    "region": N_("About ten, along edges"),
    "detail": N_("The strongest cut smaller"),
    "patch": N_("Squares of a grid"),
}
HIDDEN_AS = {
    "blur": N_("a blur of the picture"),
    "mean": N_("its mean colour"),
    "noise": N_("noise of its colours"),
    "zero": N_("a plain grey"),
}


def filters(translate: Callable[[str], str]) -> dict[str, Callable[[str], str]]:
    """Filters of templates: `region.where|place`, `players|region_level`, `baseline|hidden_as`."""
    return {
        "place": naming(PLACES, translate),
        "region_level": naming(REGION_LEVELS, translate),
        "hidden_as": naming(HIDDEN_AS, translate),
    }
