from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from ..badge import smallest_gap
from ..contract import Attribution, Case, Explainer, FloatArray, Layers, LayerStates, Need, Notice, Promise
from ..errors import Incompatible
from .integrated_gradients import on_a_path

FIRST_STEPS = 8


class LayerConductance(Explainer):
    """Which layer carries the decision: the output's change followed through the states of every layer.

    Conductance is integrated gradients taken at hidden states: what of v(x) − v(b) passes through each position of a
    layer. In every layer it adds up to the whole change; what differs is where it passes, first through the words, at
    the end through the position that the classifier reads. Beside it stands the logit lens: the value that the
    classifier reads when it is given the states of an earlier layer, of a language model the words too that it would
    say there. Scores are the conductance of the embeddings, which is integrated gradients by players.
    """

    name: ClassVar = "layers"
    title: ClassVar = "Layer by layer"
    reference: ClassVar = "Dhamdhere, Sundararajan & Yan 2018, arXiv:1805.12233; nostalgebraist 2020 (logit lens)"
    needs: ClassVar = frozenset({Need.OUTPUTS, Need.GRADIENTS, Need.LAYERS})
    promises: ClassVar = frozenset({Promise.COMPLETE, Promise.DUMMY, Promise.LINEAR})

    tolerance: float = Field(
        0.01,
        gt=0,
        le=0.5,
        title="Tolerance",
        description="Stop when every layer adds up to the change of the output within this share of it.",
    )
    most_steps: int = Field(
        64,
        ge=FIRST_STEPS,
        le=1024,
        title="Most steps",
        description="Steps on the way from the baseline at most; 8, 16, 32, 64 … are tried in turn.",
    )

    def explain(self, case: Case) -> Attribution:
        case = on_a_path(case)
        output, baseline_output = case.values(case.table.whole)[0], case.values(case.table.empty)[0]
        change = output - baseline_output
        gap = np.maximum(np.abs(change), smallest_gap(case.value))
        steps, rows, residual = FIRST_STEPS, 0, np.inf
        while True:
            case.progress(min(rows / self.most_steps, 1), f"{steps} steps")
            points = np.linspace(0, 1, steps + 1)
            found = case.model.layer_states(case.inputs, points, value=case.value, targets=case.targets)
            rows += steps
            residual = float((np.abs(change[:, None] - found.conductance.sum(axis=2)) / gap[:, None]).max())
            if residual <= self.tolerance or steps * 2 > self.most_steps:
                break
            steps *= 2
        layers = layers_of(case, found)
        converged = residual <= self.tolerance
        return case.result(
            self,
            scores=case.inputs.by_player(found.conductance[:, 0]),
            output=output,
            baseline_output=baseline_output,
            layers=layers,
            checks={"gradient_rows": float(rows), "converged": float(converged), "layer_residual": residual},
            forward_passes=rows,
            warnings=() if converged else (_not_converged(steps, residual),),
        )


def layers_of(case: Case, found: LayerStates) -> Layers:
    """By players and the positions that are read; what a decoder's last word carries as one of them counts there."""
    conductance = found.conductance.copy()
    read = _read(case)
    at_read = None
    if read:
        at_read = conductance[:, :, read].sum(axis=2)
        conductance[:, :, read] = 0
    readings: FloatArray = case.values(found.readings).T
    return Layers(parts=case.inputs.by_player(conductance), pooled=at_read, readings=readings, words=found.words)


def _read(case: Case) -> list[int]:
    """The positions that are read; none where the classifier reads the mean of all states."""
    try:
        return sorted({place for places in case.model.readers(case.inputs, case.targets) for place in places})
    except Incompatible:
        return []


def _not_converged(steps: int, residual: float) -> Notice:
    return Notice(
        code="not_converged",
        text=f"After {steps} points the scores still miss the change of the output by {residual:.1%}.",
        values={"points": steps, "residual": residual},
    )
