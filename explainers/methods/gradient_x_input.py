from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from ..contract import Attribution, Case, Explainer, Need


class GradientXInput(Explainer):
    """The slope of the output at the input, times the word embeddings: ∇v(x) · x, summed over a player's tokens.

    One step of integrated gradients from the zero embedding, taken at the input itself. It follows the slope at one
    point, misses what saturates and leaves a residual of unknown size, so no baseline output is given.
    """

    name: ClassVar = "gradient-x-input"
    title: ClassVar = "Gradient × input"
    reference: ClassVar = "Shrikumar et al. 2016, arXiv:1605.01713; Ancona et al. 2018, arXiv:1711.06104"
    needs: ClassVar = frozenset({Need.GRADIENTS})

    def explain(self, case: Case) -> Attribution:
        case.progress(0, "one gradient")
        inputs = replace(case.inputs, baseline="zero", baseline_text=None, baseline_ids=None)
        found = case.model.path_gradients(inputs, np.ones(1), value=case.value, targets=case.targets)
        scores = inputs.by_player(found.products[:, 0])  # (targets, players)
        return replace(case, inputs=inputs).result(self, scores=scores, forward_passes=1)
