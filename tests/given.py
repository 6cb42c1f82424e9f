"""A method whose scores are written down, and the case it is asked in."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from explainers import runner
from explainers.contract import Attribution, Case, Explainer, Need, Question, Unit


class Given(Explainer):
    """The scores it is given, for every class; the negative of them for class 0 of two, as log-odds have it."""

    name: ClassVar = "given"
    title: ClassVar = "Given"
    reference: ClassVar = "none"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    scores: tuple[float, ...] | None
    unit: Unit | None = None

    def explain(self, case: Case) -> Attribution:
        if self.scores is None:
            return case.result(self, unit=self.unit)
        rows = np.array([self.scores] * len(case.targets))
        if len(rows) == 2 and self.unit is None:
            rows[0] *= -1
        return case.result(self, scores=rows, unit=self.unit)


def case_for(model: Any, text: str, **asked: Any) -> Case:
    return runner.case_of(model, Question(text=text, **asked))


def given(case: Case, *scores: float, unit: Unit | None = None) -> Attribution:
    return Given(scores=scores, unit=unit).explain(case)
