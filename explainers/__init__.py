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
    from .bench.generation import GENERATION_HEADER as GENERATION_HEADER
    from .bench.generation import GENERATION_PEERS as GENERATION_PEERS
    from .bench.generation import generation_bench as generation_bench
    from .bench.generation import generation_rows as generation_rows
    from .bench.report import bench_tables as bench_tables
    from .bench.report import write_bench_docs as write_bench_docs
    from .bench.report import write_generation_docs as write_generation_docs
    from .bench.run import BenchOptions as BenchOptions
    from .bench.run import circumstances as circumstances
    from .bench.run import run_bench as run_bench
    from .contract import Absent as Absent
    from .contract import Accuracy as Accuracy
    from .contract import Agreement as Agreement
    from .contract import Answer as Answer
    from .contract import Attribution as Attribution
    from .contract import AudioInput as AudioInput
    from .contract import Badge as Badge
    from .contract import BaselineKind as BaselineKind
    from .contract import Case as Case
    from .contract import Claim as Claim
    from .contract import ClassOutput as ClassOutput
    from .contract import Decoding as Decoding
    from .contract import Edit as Edit
    from .contract import Emptied as Emptied
    from .contract import Encoded as Encoded
    from .contract import Explainer as Explainer
    from .contract import Faithfulness as Faithfulness
    from .contract import Feature as Feature
    from .contract import FileInput as FileInput
    from .contract import Gain as Gain
    from .contract import Game as Game
    from .contract import Generation as Generation
    from .contract import Head as Head
    from .contract import ImageInput as ImageInput
    from .contract import Input as Input
    from .contract import Layers as Layers
    from .contract import Level as Level
    from .contract import LongText as LongText
    from .contract import Message as Message
    from .contract import MethodRecord as MethodRecord
    from .contract import Model as Model
    from .contract import ModelRecord as ModelRecord
    from .contract import Need as Need
    from .contract import Notice as Notice
    from .contract import Offering as Offering
    from .contract import OnDemand as OnDemand
    from .contract import Output as Output
    from .contract import Outputs as Outputs
    from .contract import Panel as Panel
    from .contract import Patch as Patch
    from .contract import Players as Players
    from .contract import Precision as Precision
    from .contract import Prediction as Prediction
    from .contract import Progress as Progress
    from .contract import Promise as Promise
    from .contract import PromptInput as PromptInput
    from .contract import PromptPart as PromptPart
    from .contract import Question as Question
    from .contract import Reason as Reason
    from .contract import Removal as Removal
    from .contract import Rival as Rival
    from .contract import Role as Role
    from .contract import SaidToken as SaidToken
    from .contract import SimilarityOutput as SimilarityOutput
    from .contract import Target as Target
    from .contract import TextInput as TextInput
    from .contract import TextSpan as TextSpan
    from .contract import TimeSpan as TimeSpan
    from .contract import Token as Token
    from .contract import TokenOutput as TokenOutput
    from .contract import Unit as Unit
    from .contract import Value as Value
    from .contract import ValueName as ValueName
    from .contract import Without as Without
    from .contract import WordLabel as WordLabel
    from .contract import WordOutput as WordOutput
    from .contract import silent as silent
    from .contract import text_spans as text_spans
    from .errors import BadInput as BadInput
    from .errors import BadModel as BadModel
    from .errors import Cancelled as Cancelled
    from .errors import ExplainersError as ExplainersError
    from .errors import Incompatible as Incompatible
    from .errors import UnknownExplainer as UnknownExplainer
    from .game.passes import heard_by as heard_by
    from .inputs.audio.files import heard_samples as heard_samples
    from .inputs.audio.files import played_copy as played_copy
    from .inputs.audio.files import waveform as waveform
    from .inputs.audio.hearing import noise_like as noise_like
    from .inputs.audio.spans import words_in as words_in
    from .inputs.image.files import shown_copy as shown_copy
    from .inputs.image.regions import Whereabouts as Whereabouts
    from .inputs.image.regions import rings_of as rings_of
    from .inputs.image.regions import whereabouts as whereabouts
    from .inputs.text.grouping import group_numbers as group_numbers
    from .library import DEFAULT_LANGUAGE_MODEL as DEFAULT_LANGUAGE_MODEL
    from .library import DEFAULT_MODEL as DEFAULT_MODEL
    from .library import RECORDINGS as RECORDINGS
    from .library import explain as explain
    from .library import generate as generate
    from .library import load_model as load_model
    from .library import panel as panel
    from .library import predict as predict
    from .many import explain_many as explain_many
    from .metrics import MEASURES as MEASURES
    from .metrics import Measure as Measure
    from .metrics.agreement import likeness as likeness
    from .metrics.on_demand import on_demand_of as on_demand_of
    from .metrics.spread import Spread as Spread
    from .metrics.spread import spread as spread
    from .models import FolderReport as FolderReport
    from .models import adapters_on as adapters_on
    from .models import available_names as available_names
    from .models import base_memory as base_memory
    from .models import bundled_prompts as bundled_prompts
    from .models import bytes_of as bytes_of
    from .models import check_folder as check_folder
    from .models import embedded_names as embedded_names
    from .models import fetched_facts as fetched_facts
    from .models import fetched_names as fetched_names
    from .models import is_recipe as is_recipe
    from .models import locate_folder as locate_folder
    from .models import model_id as model_id
    from .models import model_name as model_name
    from .models import wheel_of as wheel_of
    from .models.continuation import ContinuationModel as ContinuationModel
    from .models.copying import copy_network as copy_network
    from .models.copying import weights_in_memory as weights_in_memory
    from .models.folders.base_weights import BASES as BASES
    from .models.folders.base_weights import base_folder as base_folder
    from .models.folders.saving import save_classifier as save_classifier
    from .models.folders.saving import save_encoder as save_encoder
    from .models.folders.saving import save_language_model as save_language_model
    from .models.folders.wheels import WHEELS as WHEELS
    from .models.folders.wheels import Wheel as Wheel
    from .models.folders.wheels import installed_wheels as installed_wheels
    from .models.live import classifier_of as classifier_of
    from .models.similarity import SimilarityModel as SimilarityModel
    from .models.vision import VisionModel as VisionModel
    from .outputs import shown as shown
    from .outputs import value as values
    from .prose import Prose as Prose
    from .prose import prose_of as prose_of
    from .registry import METHODS as METHODS
    from .registry import PANEL as PANEL
    from .registry import build as build
    from .registry import explainer_class as explainer_class
    from .registry import names as names
    from .registry import panel_of as panel_of
    from .runner import offered as offered
    from .runner import refuse_unless_offered as refuse_unless_offered
    from .selftest.table import missed as missed
    from .selftest.table import run_selftest as run_selftest
    from .selftest.table import selftest_results as selftest_results
    from .sentence import Speech as Speech
    from .sentence import sentence_of as sentence_of
    from .similarity import Difference as Difference
    from .similarity import Link as Link
    from .similarity import difference_of as difference_of
    from .similarity import links as links
    from .similarity import nearer as nearer

_CONTRACT = """Absent Accuracy Agreement Answer Attribution AudioInput Badge BaselineKind Case Claim
    ClassOutput Decoding Edit
    Emptied Encoded Explainer Faithfulness Feature FileInput Gain Game Generation Head ImageInput Input Layers
    Level LongText Message MethodRecord Model ModelRecord Need Notice Offering OnDemand Output Outputs
    Panel Patch Players Precision Prediction Progress Promise PromptInput PromptPart Question Reason
    Removal Rival Role SaidToken SimilarityOutput Target TextInput TextSpan TimeSpan Token TokenOutput
    Unit Value ValueName Without WordLabel WordOutput silent text_spans"""
_WHERE = {
    ".contract": _CONTRACT,
    ".errors": "BadInput BadModel Cancelled ExplainersError Incompatible UnknownExplainer",
    ".game.passes": "heard_by",
    ".prose": "Prose prose_of",
    ".registry": "METHODS PANEL build explainer_class names panel_of",
    ".runner": "offered refuse_unless_offered",
    ".sentence": "Speech sentence_of",
    ".library": "DEFAULT_LANGUAGE_MODEL DEFAULT_MODEL RECORDINGS explain generate load_model panel predict",
    ".many": "explain_many",
    ".similarity": "Difference Link difference_of links nearer",
    ".metrics": "MEASURES Measure",
    ".metrics.agreement": "likeness",
    ".metrics.on_demand": "on_demand_of",
    ".inputs.audio.files": "heard_samples played_copy waveform",
    ".inputs.audio.hearing": "noise_like",
    ".inputs.audio.spans": "words_in",
    ".inputs.image.files": "shown_copy",
    ".inputs.image.regions": "Whereabouts rings_of whereabouts",
    ".metrics.spread": "Spread spread",
    ".inputs.text.grouping": "group_numbers",
    ".bench.report": "bench_tables write_bench_docs write_generation_docs",
    ".bench.generation": "GENERATION_HEADER GENERATION_PEERS generation_bench generation_rows",
    ".bench.run": "BenchOptions circumstances run_bench",
    ".selftest.table": "missed run_selftest selftest_results",
    ".models": """FolderReport adapters_on available_names base_memory bundled_prompts bytes_of check_folder
        embedded_names fetched_facts fetched_names is_recipe locate_folder model_id model_name wheel_of""",
    ".models.folders.wheels": "WHEELS Wheel installed_wheels",
    ".models.continuation": "ContinuationModel",
    ".models.live": "classifier_of",
    ".models.copying": "copy_network weights_in_memory",
    ".models.folders.base_weights": "BASES base_folder",
    ".models.folders.saving": "save_classifier save_encoder save_language_model",
    ".models.similarity": "SimilarityModel",
    ".models.vision": "VisionModel",
}
_HOME = {name: module for module, listed in _WHERE.items() for name in listed.split()}
_MODULES = {"registry": ".registry", "runner": ".runner", "shown": ".outputs.shown", "values": ".outputs.value"}

__all__ = sorted((*_HOME, *_MODULES))


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name], __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOME[name], __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)
