"""Words for what the explanation of a recording names by code."""

from __future__ import annotations

from collections.abc import Callable

from ...web.words import N_, naming

SPAN_LEVELS = {
    "auto": N_("Words, of long recordings equal parts"),
    "word": N_("The stretch of each word"),
    "span": N_("Equal parts"),
}
SILENT_AS = {
    "silence": N_("silence"),
    "noise": N_("noise of its own sound"),
}


def filters(translate: Callable[[str], str]) -> dict[str, Callable[[str], str]]:
    """Filters of templates: `players|span_level`, `baseline|silent_as`."""
    return {"span_level": naming(SPAN_LEVELS, translate), "silent_as": naming(SILENT_AS, translate)}
