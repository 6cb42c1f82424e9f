"""Models that come with Whence but stand on a base that is fetched on purpose, for the pages that say how to get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._library import explainers
from ..web.dependencies import Services
from .service import list_models

WHEEL = "e5"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A base that is not installed: the name it is fetched by, its licence and megabytes, and the titles of models that
    wait for it."""

    name: str
    licence: str
    megabytes: int
    titles: Sequence[str]


def waiting(services: Services) -> Waiting | None:
    """The base that one command would add; None where it is served already, or where embedded models are left out."""
    if not services.settings.embedded or any(model.id == WHEEL for model in list_models(services)):
        return None
    wheel = explainers.WHEELS[WHEEL]
    facts = [explainers.fetched_facts(name) for name in explainers.adapters_on(WHEEL)]
    titles = [wheel.title, *(str(each["title"]) for each in facts if each is not None)]
    return Waiting(wheel.name, wheel.licence, round(wheel.download / 1e6), titles)
