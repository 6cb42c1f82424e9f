"""Models that can be explained. torch and transformers load with the first model, not with this import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadModel
from .embedded import embedded_names

if TYPE_CHECKING:
    from .transformer import TransformerModel


def load_model(source: str | Path, *, roots: Sequence[str | Path] | None = None) -> TransformerModel:
    """An embedded model by its name, or a classifier from a folder.

    roots: the folders it may lie in; by default anywhere. Raises BadModel with the reason.
    """
    from .embedded import load_embedded

    if isinstance(source, str) and source in embedded_names():
        return load_embedded(source)
    raise BadModel(f"{source!r} is no embedded model; there are {', '.join(embedded_names())}")


__all__ = ["embedded_names", "load_model"]
