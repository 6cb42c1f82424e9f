"""Which methods exist. The import waits until a method is asked for: captum, shap and lime are slow to load."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from .contract import Explainer
from .errors import BadInput, UnknownExplainer

GROUP = "whence.explainers"
METHODS = {
    "shap": ".methods.shap:Shap",
    "lime": ".methods.lime:Lime",
    "integrated-gradients": ".methods.integrated_gradients:IntegratedGradients",
    "leave-one-out": ".methods.leave_one_out:LeaveOneOut",
    "gradient-x-input": ".methods.gradient_x_input:GradientXInput",
    "shap-partition": ".methods.shap_partition:ShapPartition",
    "rollout": ".methods.rollout:Rollout",
    "relevance": ".methods.relevance:Relevance",
    "attention": ".methods.attention:RawAttention",
    "interactions": ".methods.interactions:Interactions",
    "counterfactual": ".methods.counterfactual:Counterfactual",
    "replacement": ".methods.replacement:Replacement",
    "layers": ".methods.layers:LayerConductance",
    "grad-cam": ".methods.pictures.grad_cam:GradCam",
    "smoothgrad": ".methods.smoothgrad:SmoothGrad",
}
PANEL = (  # in the order in which the pages show them
    "shap",
    "lime",
    "integrated-gradients",
    "leave-one-out",
    "gradient-x-input",
    "relevance",
    "rollout",
    "attention",
)
PICTURE_PANEL = ("shap", "lime", "leave-one-out", "grad-cam", "gradient-x-input", "relevance", "rollout")
RECORDING_PANEL = ("shap", "leave-one-out")  # a row is dear
PANELS = {"image": PICTURE_PANEL, "speech": RECORDING_PANEL}


def panel_of(task: str) -> tuple[str, ...]:
    """The methods of a panel, where nobody chooses, of a model of this task."""
    return PANELS.get(task, PANEL)


def names() -> tuple[str, ...]:
    return (*METHODS, *_installed())


@cache
def _installed() -> Mapping[str, EntryPoint]:
    """Methods of other packages, read once a process: a look into every installed package takes as long as a panel of
    a short text."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def explainer_class(name: str) -> type[Explainer]:
    """Raises UnknownExplainer."""
    if target := METHODS.get(name):
        module, _, attribute = target.partition(":")
        found: type[Explainer] = getattr(import_module(module, __package__), attribute)
        return found
    if entry := _installed().get(name):
        plugin: type[Explainer] = entry.load()
        return plugin
    raise UnknownExplainer(name, names())


def build(name: str, options: Mapping[str, Any] | None = None) -> Explainer:
    """The method with its options. Raises UnknownExplainer, or BadInput that names the option and what it may be."""
    method = explainer_class(name)
    try:
        return method.model_validate(options or {})
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(str(part) for part in first["loc"]) or "options"
        known = ", ".join(method.model_fields) or "no options"
        raise BadInput(f"{name}: option {option!r}: {first['msg']}; {name} has {known}") from error
