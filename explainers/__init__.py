"""Explanations of fine-tuned transformers with their own evidence. Every name is loaded when it is first asked for.

`from whence import explain, load_model` is this list; so is what the application may use. No torch is imported
until a model is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import registry as registry
    from . import runner as runner
    from . import values as values
    from .base import Case as Case
    from .base import Encoded as Encoded
    from .base import Explainer as Explainer
    from .base import Model as Model
    from .base import Need as Need
    from .base import Progress as Progress
    from .base import Promise as Promise
    from .base import silent as silent
    from .bench.report import bench_tables as bench_tables
    from .bench.report import write_bench_docs as write_bench_docs
    from .bench.run import BenchOptions as BenchOptions
    from .bench.run import run_bench as run_bench
    from .errors import BadInput as BadInput
    from .errors import BadModel as BadModel
    from .errors import Cancelled as Cancelled
    from .errors import ExplainersError as ExplainersError
    from .errors import Incompatible as Incompatible
    from .errors import UnknownExplainer as UnknownExplainer
    from .library import DEFAULT_MODEL as DEFAULT_MODEL
    from .library import explain as explain
    from .library import load_model as load_model
    from .library import panel as panel
    from .library import predict as predict
    from .metrics import MEASURES as MEASURES
    from .metrics import Measure as Measure
    from .metrics.on_demand import on_demand_of as on_demand_of
    from .modalities.grouping import group_numbers as group_numbers
    from .models import FolderReport as FolderReport
    from .models import check_folder as check_folder
    from .models import embedded_names as embedded_names
    from .models import locate_folder as locate_folder
    from .models import model_id as model_id
    from .models import model_name as model_name
    from .models.base_weights import SHA256
    from .models.base_weights import base_folder as base_folder
    from .passes import heard_by as heard_by
    from .registry import METHODS as METHODS
    from .registry import PANEL as PANEL
    from .registry import build as build
    from .registry import explainer_class as explainer_class
    from .registry import names as names
    from .runner import offered as offered
    from .runner import refuse_unless_offered as refuse_unless_offered
    from .selftest.table import missed as missed
    from .selftest.table import run_selftest as run_selftest
    from .selftest.table import selftest_results as selftest_results
    from .types import Absent as Absent
    from .types import Agreement as Agreement
    from .types import Attribution as Attribution
    from .types import Badge as Badge
    from .types import BaselineKind as BaselineKind
    from .types import Claim as Claim
    from .types import Edit as Edit
    from .types import Feature as Feature
    from .types import Head as Head
    from .types import Layers as Layers
    from .types import Level as Level
    from .types import LongText as LongText
    from .types import MethodRecord as MethodRecord
    from .types import ModelRecord as ModelRecord
    from .types import Notice as Notice
    from .types import OnDemand as OnDemand
    from .types import Panel as Panel
    from .types import Players as Players
    from .types import Precision as Precision
    from .types import Prediction as Prediction
    from .types import Question as Question
    from .types import Removal as Removal
    from .types import Target as Target
    from .types import TextSpan as TextSpan
    from .types import Token as Token
    from .types import Unit as Unit
    from .types import Value as Value
    from .types import ValueName as ValueName
    from .types import WordLabel as WordLabel

    BASE_SHA256 = SHA256

_TYPES = """Absent Agreement Attribution Badge BaselineKind Claim Edit Feature Head Layers Level LongText MethodRecord
    ModelRecord Notice OnDemand Panel Players Precision Prediction Question Removal Target TextSpan Token Unit
    Value ValueName WordLabel"""
_WHERE = {
    ".types": _TYPES,
    ".base": "Case Encoded Explainer Model Need Progress Promise silent",
    ".errors": "BadInput BadModel Cancelled ExplainersError Incompatible UnknownExplainer",
    ".passes": "heard_by",
    ".registry": "METHODS PANEL build explainer_class names",
    ".runner": "offered refuse_unless_offered",
    ".library": "DEFAULT_MODEL explain load_model panel predict",
    ".metrics": "MEASURES Measure",
    ".metrics.on_demand": "on_demand_of",
    ".modalities.grouping": "group_numbers",
    ".bench.report": "bench_tables write_bench_docs",
    ".bench.run": "BenchOptions run_bench",
    ".selftest.table": "missed run_selftest selftest_results",
    ".models": "FolderReport check_folder embedded_names locate_folder model_id model_name",
    ".models.base_weights": "base_folder",
}
_HOME = {name: module for module, listed in _WHERE.items() for name in listed.split()}
_MODULES = ("registry", "runner", "values")

__all__ = sorted((*_HOME, *_MODULES, "BASE_SHA256"))


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name == "BASE_SHA256":
        return import_module(".models.base_weights", __name__).SHA256
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOME[name], __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)
