from __future__ import annotations

from typing import Any, Literal

from ..schemas import Record


class ExplainerOut(Record):
    """A method: what it is, what it needs and promises, and the options it takes."""

    name: str
    title: str
    version: str
    description: str
    reference: str
    needs: tuple[str, ...]  # what a model must offer
    promises: tuple[str, ...]  # complete, dummy, linear
    scale: Literal["signed", "magnitude", "none"]
    cost: str
    in_panel: bool
    options: dict[str, Any]  # JSON Schema


class ExplainersOut(Record):
    explainers: tuple[ExplainerOut, ...]
