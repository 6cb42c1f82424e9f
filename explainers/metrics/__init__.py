"""Measures of an explanation, and how to read each: one table for pages, documentation and tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """title: its name in words; reading: how to read it; better: the direction in which it improves."""

    title: str
    reading: str
    better: Literal["higher", "lower", "neither"]
    reference: str


_ERASER = "DeYoung et al. 2020 (ERASER), arXiv:1911.03429"
_NAOPC = "Edin et al. 2025, arXiv:2408.08137"
_YEH = "Yeh et al. 2019, arXiv:1901.09392"

MEASURES: dict[str, Measure] = {
    "comprehensiveness": Measure(
        "Comprehensiveness",
        "How far the probability of the predicted class falls when the strongest 20 % of the words are masked. Large: "
        "the method found words that the prediction needs.",
        "higher",
        _ERASER,
    ),
    "sufficiency": Measure(
        "Sufficiency",
        "How far the probability of the predicted class falls when only the strongest 20 % of the words are kept. "
        "Near zero: these words are enough for the prediction.",
        "lower",
        _ERASER,
    ),
    "aopc_comprehensiveness": Measure(
        "Comprehensiveness, area",
        "The mean comprehensiveness when 1, 5, 10, 20 and 50 % of the words are masked. Compare it with the area of "
        "random orders, and only within one model.",
        "higher",
        _ERASER,
    ),
    "aopc_sufficiency": Measure(
        "Sufficiency, area",
        "The mean sufficiency when 1, 5, 10, 20 and 50 % of the words are kept. Compare only within one model.",
        "lower",
        _ERASER,
    ),
    "aopc_random": Measure(
        "Comprehensiveness, area of random orders",
        "The comprehensiveness that random orders of the words reach on this text. A method that does not exceed it "
        "explains nothing here.",
        "neither",
        "Samek et al. 2017, arXiv:1509.06321",
    ),
    "leave_one_out_tau": Measure(
        "Rank correlation with leave-one-out",
        "Kendall's τ-b between the scores and the measured effect of leaving out each word. 1: the same order; 0: "
        "unrelated; −1: reversed. Methods that divide joint effects among words need not reach 1.",
        "higher",
        "Kendall 1945; Jain & Wallace 2019, arXiv:1902.10186",
    ),
    "kendall_tau": Measure(
        "Kendall's τ between two methods",
        "Do two methods rank the words in the same order? 1: the same order; 0: unrelated; −1: reversed. For a method "
        "without signs, absolute scores are compared.",
        "neither",
        "Kendall 1945; Krishna et al. 2022, arXiv:2202.01602",
    ),
    "top5_overlap": Measure(
        "Overlap of the top five",
        "The share of the five words with the largest absolute scores that two methods have in common.",
        "neither",
        "Krishna et al. 2022, arXiv:2202.01602",
    ),
    "sign_agreement": Measure(
        "Agreement in sign",
        "Among the words in the top five of either method: the share to which both methods give the same sign.",
        "neither",
        "Krishna et al. 2022, arXiv:2202.01602",
    ),
    "naopc_comprehensiveness": Measure(
        "Comprehensiveness, normalised",
        "Where this order of the words stands between the worst (0) and the best (1) order there is for this model "
        "and text. Comparable between models.",
        "higher",
        _NAOPC,
    ),
    "naopc_sufficiency": Measure(
        "Sufficiency, normalised",
        "Where this order of the words stands between the best (0) and the worst (1) order there is for this model "
        "and text. Comparable between models.",
        "lower",
        _NAOPC,
    ),
    "infidelity": Measure(
        "Infidelity",
        "The share of the change in the model's output that the scores do not predict when the embeddings of every "
        "word move a random part of the way to the baseline. 0: all of the change is predicted; 1: none of it.",
        "lower",
        _YEH,
    ),
    "max_sensitivity": Measure(
        "Max-sensitivity",
        "The largest relative change of the scores when the word embeddings move by up to 5 % of their length. Large: "
        "the explanation depends on details that hardly change what the model reads.",
        "lower",
        _YEH,
    ),
    "randomisation_tau": Measure(
        "Rank correlation with random weights",
        "Kendall's τ-b between the scores and the scores of the same method on a model with random weights. Far above "
        "0: the method shows the text or the architecture, not what the model has learned.",
        "lower",
        "Adebayo et al. 2018, arXiv:1810.03292",
    ),
    "auprc": Measure(
        "Area under precision and recall",
        "How well the scores rank the words that people marked as reasons above the other words. What people find "
        "plausible need not be what the model used.",
        "higher",
        _ERASER,
    ),
    "token_f1": Measure(
        "F1 with the marked words",
        "The overlap (F1) between the words that people marked and as many words with the strongest scores.",
        "higher",
        _ERASER,
    ),
    "iou_f1": Measure(
        "F1 with the marked spans",
        "The same F1 for spans of neighbouring words. A span counts as found when it and a marked span share at least "
        "half of the words that they cover together.",
        "higher",
        _ERASER,
    ),
}
