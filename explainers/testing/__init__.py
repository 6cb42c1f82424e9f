"""Models whose right answer is known. Shipped, so that plugin authors can run the same checks."""

from .gradient import GradientModel, NeighbourModel, value_slopes
from .linear import AndModel, LinearModel

__all__ = ["AndModel", "GradientModel", "LinearModel", "NeighbourModel", "value_slopes"]
