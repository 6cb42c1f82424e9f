"""Explanations of fine-tuned transformers with their own evidence. Importing this loads no torch."""

from .errors import BadInput as BadInput
from .errors import BadModel as BadModel
from .errors import Cancelled as Cancelled
from .errors import ExplainersError as ExplainersError
from .errors import Incompatible as Incompatible
from .errors import UnknownExplainer as UnknownExplainer
from .models.base_weights import SHA256 as BASE_SHA256
from .models.base_weights import base_folder as base_folder
from .registry import PANEL as PANEL
from .registry import build as build
from .registry import explainer_class as explainer_class
from .registry import names as names
from .types import Agreement as Agreement
from .types import Attribution as Attribution
from .types import Badge as Badge
from .types import Notice as Notice
from .types import Panel as Panel
from .types import Prediction as Prediction
from .types import Question as Question
from .types import Target as Target
from .types import TextSpan as TextSpan
from .types import Token as Token

__all__ = ["BASE_SHA256"]
