"""Models that can be explained. torch and transformers load with the first model, not with this import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .folders.card import card_in
from .folders.embedded import embedded_names
from .folders.folder import FolderReport, check_folder, locate_folder, model_id, model_name

if TYPE_CHECKING:
    from .similarity import SimilarityModel
    from .transformer import TransformerModel


def load_model(
    source: str | Path, *, roots: Sequence[str | Path] | None = None, device: str = "auto"
) -> TransformerModel | SimilarityModel:
    """An embedded model by its name, or a classifier, an adapter or an encoder that compares texts from a folder.

    roots: the folders it may lie in; by default anywhere. device: auto, cpu, cuda or cuda:n, as in device_named.
    Raises BadModel with the reason, Incompatible for a device that is not there.
    """
    from .folders.embedded import load_adapter, load_embedded
    from .networks.device import device_named

    where = device_named(device)
    if isinstance(source, str) and source in embedded_names():
        return load_embedded(source, where)
    if isinstance(source, str) and not Path(source).expanduser().exists() and "/" not in source:
        return load_embedded(source, where)  # raises, with the names there are
    report = check_folder(source, roots=roots)
    if report.kind == "adapter":
        card = card_in(report.path)
        title = card["title"] if card else model_name(report.path)
        return load_adapter(report.path, where, id=report.id, title=title, labels=report.labels, card=card)
    from .folders.loading import load_folder

    return load_folder(report, where)


__all__ = ["FolderReport", "check_folder", "embedded_names", "load_model", "locate_folder", "model_id", "model_name"]
