"""Two texts that a model compares: which words of one go with which of the other, and what is left without words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._library import explainers
from ..ask.schemas import ExplanationOut

STEPS = 5
STRONGEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """first, second: the words of the two texts; empty for a text that stays whole. rows: what each word of the first
    does only together with each of the second, with its step of colour. sampled: the numbers have standard errors."""

    explained: str  # both, first, second
    score: float
    emptied: explainers.Emptied
    first: tuple[str, ...]
    second: tuple[str, ...]
    rows: tuple[tuple[tuple[float, int], ...], ...]
    strongest: tuple[explainers.Link, ...]
    sampled: bool

    @property
    def empty_is_nearer(self) -> bool:
        """Scores then count from a pair without words that is more similar than the texts themselves."""
        return self.explained == "both" and self.emptied.both > self.score


def compared_of(explanations: Sequence[ExplanationOut]) -> Compared | None:
    """View of the first explanation that knows the interactions of two compared texts; None for every other model."""
    found = next((each for each in explanations if each.emptied is not None and each.interactions is not None), None)
    if found is None or found.emptied is None or found.interactions is None:
        return None
    parts = [span.part for span in found.spans]
    count = parts.count("text")
    across = found.interactions[0, :count, count:]
    top = float(abs(across).max()) if across.size else 0.0
    return Compared(
        explained=found.outputs.explain if isinstance(found.outputs, explainers.SimilarityOutput) else "both",
        score=float(found.output[0]),
        emptied=found.emptied,
        first=tuple(span.text for span in found.spans[:count]),
        second=tuple(span.text for span in found.spans[count:]),
        rows=tuple(tuple((float(v), round(STEPS * float(v) / top) if top else 0) for v in line) for line in across),
        strongest=explainers.links(found)[:STRONGEST],
        sampled=found.standard_errors is not None,
    )
