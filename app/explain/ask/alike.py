"""The question of a page, asked in another way: of another method, or with other rules of the game."""

from __future__ import annotations

from typing import Any, TypeGuard

from ..._library import explainers
from ...engine.schemas import ModelOut
from .schemas import ExplanationOut, ExplanationRequest, PanelOut, PanelRequest

SLOPES = ("gradient-x-input", "smoothgrad")  # name the zero that they are taken against, not what masks


def is_model_of(model: ModelOut | None, panel: PanelOut) -> TypeGuard[ModelOut]:
    """Whether this is the model that the page was made with, and not another one under its name."""
    return model is not None and model.digest == panel.model.digest


def rules_of(panel: PanelOut, method: str | None = None) -> dict[str, Any]:
    """The question that a page answers, as its record tells; of one method where the page has it."""
    first = _record(panel, method)
    rules: dict[str, Any] = {"input": {"text": panel.text, "text_pair": panel.text_pair}}
    if first is None:
        return rules
    return rules | {
        "players": first.players,
        "value": first.value,
        **_baseline(panel),
        "precision": first.precision,
        "accuracy": first.accuracy,
        "budget": first.budget,
        "seed": first.method.seed,
        "long_text": "cut" if first.unseen and first.focus is None else "windows",
        "word": first.word,
        "outputs": first.outputs if isinstance(first.outputs, explainers.SimilarityOutput) else None,
        "focus": None if first.focus is None else [first.focus.start, first.focus.end],
    }


def again(panel: PanelOut, model: ModelOut, kind: str, **changed: Any) -> PanelRequest | ExplanationRequest:
    """The question of the page, with the rules that are named here instead. kind: panels or explanations."""
    if kind == "panels":
        asked = {"model": model.id, "methods": _methods(panel), **rules_of(panel), **changed}
        return PanelRequest.model_validate(asked)
    return one_method(panel, model, panel.explanations[0].method.name, **changed)


def one_method(panel: PanelOut, model: ModelOut, method: str, **changed: Any) -> ExplanationRequest:
    """The question of the page for one method alone, with the rules that are named here instead."""
    known = next((each for each in panel.explanations if each.method.name == method), None)
    options = known.method.options if known is not None else {}
    return ExplanationRequest.model_validate(
        {"model": model.id, "method": method, "options": options, **rules_of(panel, method), **changed}
    )


def _methods(panel: PanelOut) -> list[str] | None:
    """Names of the page's methods; None for the usual ones, so that the answer has the address of a plain question."""
    named = [each.method.name for each in panel.explanations] + [each.method for each in panel.absent]
    return None if set(named) == set(explainers.PANEL) else named


def _record(panel: PanelOut, method: str | None) -> ExplanationOut | None:
    named = [each for each in panel.explanations if each.method.name == method]
    return next(iter((*named, *panel.explanations)), None)


def _baseline(panel: PanelOut) -> dict[str, str | None]:
    """The baseline that masks on this page."""
    for found in panel.explanations:
        if found.method.name not in SLOPES:
            return {"baseline": found.baseline, "baseline_text": found.baseline_text}
    return {}
