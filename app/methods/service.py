from __future__ import annotations

from inspect import cleandoc

from .._library import explainers
from .schemas import ExplainerOut


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
    return ExplainerOut(
        name=method.name,
        title=method.title,
        version=method.version,
        description=cleandoc(method.__doc__ or ""),
        reference=method.reference,
        needs=needs,
        promises=tuple(sorted(str(promise) for promise in method.promises)),
        scale=method.scale,
        cost=explainers.prose_of(name).cost,
        in_panel=name in explainers.PANEL,
        options=method.model_json_schema(),
    )
