from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..contract import Attribution, Case, Explainer, FloatArray, Need


class Relevance(Explainer):
    """Attention weighted by its gradient for the class, gathered layer by layer.

    R ← R + mean over heads of (∇A ⊙ A)⁺ · R from R = I; a score is what the row of the position that the classifier
    reads has gathered, less the 1 that the position is given at the start. The rule of Chefer, Gur & Wolf without
    layer-wise relevance propagation. Negative parts are cut off at every layer, so it has no sign, but it differs
    from class to class. A view of the mechanism, not an attribution.
    """

    name: ClassVar = "relevance"
    title: ClassVar = "Attention relevance"
    reference: ClassVar = "Chefer, Gur & Wolf 2021, arXiv:2103.15679"
    needs: ClassVar = frozenset({Need.ATTENTIONS, Need.FLOW, Need.GRADIENTS})
    scale: ClassVar = "magnitude"

    def explain(self, case: Case) -> Attribution:
        read = case.model.readers(case.inputs, case.targets)
        case.progress(0, f"attention and its gradients for {len(case.targets)} classes")
        gradients = case.attention.gradients(value=case.value, targets=case.targets)
        attentions = case.attention.weights().astype(np.float64)
        rows = [
            relevance(attentions, slopes)[list(positions)].mean(axis=0)
            for positions, slopes in zip(read, gradients, strict=True)
        ]
        gathered = np.stack(rows)  # (targets, tokens)
        total = gathered.sum()
        special = total - case.inputs.by_player(gathered).sum()
        return case.result(
            self,
            unit="relevance",
            tokens=case.model.attended(case.inputs),
            scores=case.inputs.by_player(gathered),
            checks={"special_share": float(special / total) if total else None},
            forward_passes=len(case.targets),
        )


def relevance(attentions: FloatArray, gradients: FloatArray) -> FloatArray:
    """Both (layers, heads, tokens, tokens) → (tokens, tokens), without the identity that it starts from."""
    start = np.eye(attentions.shape[-1])
    gathered = start
    for weights, slopes in zip(attentions, gradients, strict=True):
        gathered = gathered + np.maximum(slopes * weights, 0).mean(axis=0) @ gathered
    return gathered - start
