"""How long an explanation will take, about, going by those before it: what will be slow is a job from the start."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..._library import explainers
from .costs import USUAL_PASSES, tokens

USUAL = USUAL_PASSES / 9_000  # seconds a token, until the first explanation has been timed: a small model on two cores
WEIGHT = 0.3  # of the newest one among those before


@dataclass
class Pace:
    """Seconds a token, by model and by what was asked of it: a method's name, or `panel`."""

    _known: dict[tuple[str, str], float] = field(default_factory=dict)

    def seconds(self, model: str, what: str, question: explainers.Question) -> float:
        return tokens(question) * _share(question) * self._known.get((model, what), USUAL)

    def known(self, model: str, what: str, question: explainers.Question) -> float | None:
        """The expected seconds; None before the first explanation was timed."""
        return self.seconds(model, what, question) if (model, what) in self._known else None

    def learn(self, model: str, what: str, question: explainers.Question, *, seconds: float) -> None:
        """seconds: that the engine worked on it, without the time that it waited for others."""
        found = seconds / tokens(question) / _share(question)
        before = self._known.get((model, what), found)
        self._known[model, what] = before + WEIGHT * (found - before)


def _share(question: explainers.Question) -> float:
    """The share of the usual number of masked evaluations that is done."""
    return 1.0 if question.budget is None else question.budget / USUAL_PASSES
