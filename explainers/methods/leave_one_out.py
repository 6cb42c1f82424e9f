from __future__ import annotations

from typing import ClassVar

from ..contract import Attribution, Case, Explainer, Need, Promise


class LeaveOneOut(Explainer):
    """Replace one player at a time by the baseline and read how far the output falls: v(x) − v(x without i)."""

    name: ClassVar = "leave-one-out"
    title: ClassVar = "Leave-one-out"
    reference: ClassVar = "Zeiler & Fergus 2014, arXiv:1311.2901; Li et al. 2016, arXiv:1612.08220"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.DUMMY, Promise.LINEAR})

    def explain(self, case: Case) -> Attribution:
        whole = case.values(case.table.whole)  # (1, targets)
        without = case.values(case.table.leave_one_out())  # (players, targets)
        return case.result(self, scores=(whole - without).T)
