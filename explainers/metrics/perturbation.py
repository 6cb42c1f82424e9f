"""Infidelity, max-sensitivity and the randomisation check: what scores do when embeddings or weights are moved.

All three ask the model anew, so they are made on demand.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..contract import Attribution, Case, Encoded, Explainer, FloatArray, Model
from ..game.table import CoalitionTable
from .agreement import order_agreement
from .ranks import is_signed, scores_of

INFIDELITY_DRAWS = 256
SENSITIVITY_DRAWS = 8
RADIUS = 0.05  # of the length of a token's word embedding
RANDOM_MODELS = 3


def infidelity_of(
    attribution: Attribution, case: Case, explainer: Explainer, *, draws: int = INFIDELITY_DRAWS
) -> dict[str, float | None]:
    """E[(β z·φ − Δv)²] / E[Δv²] for the predicted class (Yeh et al. 2019, definition 2.1 with optimal scaling β).

    Every player's embeddings move a share z, uniform in [0, 1], of the way to the baseline; Δv is what the value loses.
    0: the scores foretell every loss; 1: they say no more than nothing. None where nothing moves the value.
    """
    del explainer
    scores = scores_of(attribution)
    if scores is None:
        return {}
    shares = np.random.default_rng((case.seed, 3)).random((draws, len(scores)))
    case.progress(0, "infidelity")
    moved = case.model.blends(case.inputs, 1 - shares)
    row = case.targets.index(case.prediction.main.index)
    losses = case.values(case.table.whole)[0, row] - case.values(moved)[:, row]
    return {"infidelity": infidelity(shares @ scores, losses)}


def infidelity(foretold: FloatArray, losses: FloatArray) -> float | None:
    """Both (draws,): the share of the mean square loss that the best multiple of what was foretold leaves."""
    size, told = float((losses**2).mean()), float((foretold**2).mean())
    if size == 0:
        return None
    scale = float((foretold * losses).mean()) / told if told else 0.0
    return float(((scale * foretold - losses) ** 2).mean()) / size


def max_sensitivity_of(
    attribution: Attribution, case: Case, explainer: Explainer, *, draws: int = SENSITIVITY_DRAWS
) -> dict[str, float | None]:
    """max ‖Φ(x + y) − Φ(x)‖ / ‖Φ(x)‖ over draws of y (Yeh et al. 2019, definition 2.2), for the predicted class.

    y moves every player's token in a random direction by up to 5 % of its embedding's length. None for zero scores.
    """
    scores = scores_of(attribution)
    if scores is None:
        return {}
    size = float(np.linalg.norm(scores))
    if size == 0:
        return {"max_sensitivity": None}
    lengths = np.linalg.norm(case.model.embeddings(case.inputs), axis=1, keepdims=True)
    moving = (case.inputs.owner >= 0)[:, None]
    draw = np.random.default_rng((case.seed, 4))
    worst = 0.0
    for done in range(draws):
        case.progress(done / draws, "max-sensitivity")
        direction = draw.normal(size=(len(lengths), case.model.embeddings(case.inputs).shape[1]))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        noise = RADIUS * draw.random((len(lengths), 1)) * lengths * direction * moving
        near = scores_of(explainer.explain(_elsewhere(case, case.model, replace(case.inputs, noise=noise))))
        assert near is not None
        worst = max(worst, float(np.linalg.norm(near - scores)) / size)
    return {"max_sensitivity": worst}


def randomisation_of(
    attribution: Attribution, case: Case, explainer: Explainer, *, models: int = RANDOM_MODELS
) -> dict[str, float | None]:
    """Kendall's τ-b between the scores and those of the same method on models with weights drawn anew, the mean.

    Adebayo et al. 2018, arXiv:1810.03292, all layers at once. The model itself is left as it is.
    """
    scores = scores_of(attribution)
    if scores is None:
        return {}
    found = []
    for done in range(models):
        case.progress(done / models, "randomisation check")
        other = case.model.randomised(case.seed + done)
        untaught = scores_of(explainer.explain(_elsewhere(case, other, case.inputs)))
        assert untaught is not None
        found.append(order_agreement(scores, untaught, is_signed(attribution)))
    known = [tau for tau in found if tau is not None]
    return {"randomisation_tau": float(np.mean(known)) if known else None}


def _elsewhere(case: Case, model: Model, inputs: Encoded) -> Case:
    """The question put to another model or other embeddings; the class in question stays the same."""
    table = CoalitionTable(model, inputs, precision=case.precision, progress=case.progress)
    return replace(case, model=model, inputs=inputs, table=table)
