from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..contract import Attribution, Case, Explainer, Need


class RawAttention(Explainer):
    """Where each head looks: relations (layers, heads, tokens, tokens), and no scores.

    Of an encoder with a decoder it is the cross-attention: the rows are the tokens of the answer, `looking`, each where
    it is about to be said, and the columns the source.

    A view of the mechanism, not an attribution: it cannot tell for or against, nor whether what was looked at was used
    (Jain & Wallace 2019, arXiv:1902.10186).
    """

    name: ClassVar = "attention"
    title: ClassVar = "Attention"
    reference: ClassVar = "Vaswani et al. 2017, arXiv:1706.03762; Bahdanau et al. 2015, arXiv:1409.0473"
    needs: ClassVar = frozenset({Need.ATTENTIONS})
    scale: ClassVar = "none"

    def explain(self, case: Case) -> Attribution:
        case.progress(0, "attention of all layers")
        relations = case.attention.weights()
        parts = np.flatnonzero(case.inputs.owner >= 0)
        share = float(1 - relations[..., parts].sum(axis=-1).mean())
        return case.result(
            self,
            unit="share",
            relations=relations,
            tokens=case.model.attended(case.inputs),
            looking=case.model.looking(case.inputs),
            checks={"special_share": share},
            forward_passes=1,
        )
