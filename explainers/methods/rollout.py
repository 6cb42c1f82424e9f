from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..contract import Attribution, Case, Explainer, FloatArray, Need


class Rollout(Explainer):
    """Attention followed through all layers, to the position that the classifier reads.

    Heads are averaged, half of each position's flow stays where it is (the residual connection), and the layers are
    multiplied. A score is the share of the flow that comes from the player, the same for every class, of a language
    model that of the position before each token; the rest, in checks["special_share"], comes from special tokens and
    from what was said before. A view of the mechanism, not an attribution.
    """

    name: ClassVar = "rollout"
    title: ClassVar = "Attention rollout"
    reference: ClassVar = "Abnar & Zuidema 2020, arXiv:2005.00928"
    needs: ClassVar = frozenset({Need.ATTENTIONS, Need.FLOW})
    scale: ClassVar = "magnitude"

    def explain(self, case: Case) -> Attribution:
        case.progress(0, "attention of all layers")
        flow = rollout(case.attention.weights())  # (tokens, tokens)
        read = case.model.readers(case.inputs, case.targets)
        shares = case.inputs.by_player(np.stack([flow[list(positions)].mean(axis=0) for positions in read]))
        return case.result(
            self,
            unit="share",
            scores=shares,
            tokens=case.model.attended(case.inputs),
            checks={"special_share": float(1 - shares.sum(axis=1).mean())},
            forward_passes=1,
        )


def rollout(attentions: np.ndarray[Any, Any]) -> FloatArray:
    """(layers, heads, tokens, tokens) → (tokens, tokens), the rows sum to 1: A'_L ⋯ A'_1, A' = (head mean + I) / 2."""
    tokens = attentions.shape[-1]
    product: FloatArray = np.eye(tokens)
    for layer in attentions.astype(np.float64).mean(axis=1):
        step = (layer + np.eye(tokens)) / 2
        product = step / step.sum(axis=-1, keepdims=True) @ product
    return product
