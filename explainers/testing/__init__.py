"""Models whose right answer is known. Shipped, so that plugin authors can run the same checks."""

from .gradient import GradientModel, NeighbourModel, value_slopes
from .linear import AndModel, LinearModel
from .patches import PatchModel
from .sequence import SequenceModel

__all__ = ["AndModel", "GradientModel", "LinearModel", "NeighbourModel", "PatchModel", "SequenceModel", "value_slopes"]
