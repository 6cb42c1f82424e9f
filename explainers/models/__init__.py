"""Models that can be explained. torch and transformers load with the first model, not with this import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .folders.base_weights import SHA256, base_folder
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


def bytes_of(source: str | Path) -> int:
    """Bytes of the files that are loaded for an embedded model or a folder: weights, tokenizer and configurations.

    Of an adapter those of its base as well. Raises BadModel.
    """
    from .folders.embedded import ADAPTER, ENCODER, FOLDER

    base = sum((base_folder() / name).stat().st_size for name in SHA256)
    if isinstance(source, str) and source in embedded_names():
        return base + sum((FOLDER / source / name).stat().st_size for name in ADAPTER if source != ENCODER)
    report = check_folder(source)
    own = sum((report.path / name).stat().st_size for name in report.files)
    return own + base if report.kind == "adapter" else own


__all__ = [
    "FolderReport",
    "bytes_of",
    "check_folder",
    "embedded_names",
    "load_model",
    "locate_folder",
    "model_id",
    "model_name",
]
