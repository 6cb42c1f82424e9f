from __future__ import annotations

from inspect import cleandoc

from .._library import explainers
from .schemas import ExplainerOut

# By what a method asks of the model; n is the number of players.
COSTS = {
    "shap": "2^n masked evaluations up to 10 players, else at most the budget",
    "shap-partition": "at most the budget of masked evaluations",
    "lime": "masked evaluations shared with shap, more where its weights need them",
    "leave-one-out": "n masked evaluations",
    "interactions": "2^n masked evaluations, up to 12 players",
    "counterfactual": "n masked evaluations, at most the budget",
    "layers": "a few dozen gradients, until every layer adds up",
    "smoothgrad": "32 gradients by default",
    "integrated-gradients": "a few dozen gradients, until the residual is small",
}
FORWARD, BACKWARD = "one forward pass", "one forward and one backward pass"


def list_methods() -> list[ExplainerOut]:
    """Every registered method, those of the panel first and in its order."""
    names = [*explainers.PANEL, *(name for name in explainers.names() if name not in explainers.PANEL)]
    return [_described(name) for name in names]


def find_method(name: str) -> ExplainerOut:
    """Raises UnknownExplainer."""
    return _described(name)


def _described(name: str) -> ExplainerOut:
    method = explainers.explainer_class(name)
    needs = tuple(sorted(str(need) for need in method.needs))
    default = BACKWARD if "gradients" in needs else FORWARD
    return ExplainerOut(
        name=method.name,
        title=method.title,
        version=method.version,
        description=cleandoc(method.__doc__ or ""),
        reference=method.reference,
        needs=needs,
        promises=tuple(sorted(str(promise) for promise in method.promises)),
        scale=method.scale,
        cost=COSTS.get(name, default),
        in_panel=name in explainers.PANEL,
        options=method.model_json_schema(),
    )
