from __future__ import annotations

from typing import ClassVar

from ...contract import Attribution, Case, Explainer, Need


class GradCam(Explainer):
    """Maps of the last convolution, each weighted by the mean gradient of the output to it and added up.

    A score is what the map adds up to over a region, its few large pixels spread over the picture by bilinear
    interpolation. Negative parts are kept, where the paper drops them: a region may speak against a class. In a network
    that averages the last maps and ends with one linear layer, the scores of a logit add up to it less the bias.
    """

    name: ClassVar = "grad-cam"
    title: ClassVar = "Grad-CAM"
    reference: ClassVar = "Selvaraju et al. 2017, arXiv:1610.02391"
    needs: ClassVar = frozenset({Need.MAPS})

    def explain(self, case: Case) -> Attribution:
        case.progress(0, "maps of the last convolution")
        maps = case.model.feature_maps(case.inputs, value=case.value, targets=case.targets)
        return case.result(self, scores=case.inputs.by_player(maps), forward_passes=1)
