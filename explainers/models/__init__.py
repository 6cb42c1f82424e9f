"""Models that can be explained. torch and transformers load with the first model, not with this import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .folders import folder as folders
from .folders.base_weights import BASES, DEFAULT_BASE, base_folder
from .folders.card import card_in
from .folders.embedded import (
    adapters_on,
    embedded_names,
    fetched_facts,
    fetched_names,
    folder_names,
    load_wheel,
    load_whole,
    wheel_of,
)
from .folders.folder import FolderReport
from .folders.gguf import is_gguf
from .folders.lora import base_of
from .folders.wheels import WHEELS, Wheel, installed_wheels, kept_folder
from .prompts.checking import base_of as base_of_prompt
from .prompts.checking import bundled_prompts, check_recipe, locate_recipe, recipe_id
from .prompts.recipe import is_recipe, read_recipe

if TYPE_CHECKING:
    import torch

    from ..contract import Model


def load_model(
    source: str | Path,
    *,
    roots: Sequence[str | Path] | None = None,
    device: str = "auto",
    kept: Path | None = None,
) -> Model:
    """An embedded model or one of an installed wheel by its name, or a model from a folder: a classifier, an adapter,
    an encoder that compares texts, a language model, which may also be a single GGUF file; or what the TOML file of a
    prompt makes of a language model.

    roots: the folders it may lie in; by default anywhere. device: auto, cpu, cuda or cuda:n, as in device_named. kept:
    where plain folders made of other files are kept, by default in the data folder.
    Raises BadModel with the reason, Incompatible for a device that is not there.
    """
    from .folders.embedded import load_adapter, load_embedded
    from .networks.device import device_named

    where = device_named(device)
    if isinstance(source, str) and source in embedded_names():
        return load_embedded(source, where)
    if isinstance(source, str) and source in folder_names():
        return load_whole(source, where)
    if isinstance(source, str) and source in WHEELS:
        return load_wheel(source, where, kept=kept)
    if isinstance(source, str) and source in (prompts := bundled_prompts()):
        return _load_prompt(prompts[source], where, roots=None, kept=kept)
    if is_recipe(source):
        return _load_prompt(Path(source), where, roots=roots, kept=kept)
    if isinstance(source, str) and not Path(source).expanduser().exists() and "/" not in source:
        return load_embedded(source, where, kept=kept)  # an adapter on a wheel, else it raises with the names there are
    if is_gguf(Path(source).expanduser()):
        return _load_file(Path(source).expanduser(), where, roots=roots, kept=kept)
    report = check_folder(source, roots=roots)
    if report.kind == "adapter":
        card = card_in(report.path)
        title = card["title"] if card else model_name(report.path)
        return load_adapter(report.path, where, id=report.id, title=title, labels=report.labels, card=card, kept=kept)
    from .folders.loading import load_folder

    return load_folder(report, where)


def available_names() -> tuple[str, ...]:
    """The models that need no path: those that come with Whence, those of installed wheels, adapters and prompts on
    them."""
    return (*embedded_names(), *folder_names(), *fetched_names(), *bundled_prompts())


def check_folder(path: str | Path, *, roots: Sequence[str | Path] | None = None) -> FolderReport:
    """Raises BadModel with the file and the reason unless a folder, or the file of a prompt, holds what may be loaded.

    roots: the folders it may lie in; None allows any.
    """
    return check_recipe(path, roots=roots) if is_recipe(path) else folders.check_folder(path, roots=roots)


def locate_folder(path: str | Path, *, roots: Sequence[str | Path] | None = None) -> Path:
    """Where a folder or the file of a prompt really lies, without a look into it. Raises BadModel unless it is one,
    below one of the roots."""
    return locate_recipe(path, roots=roots) if is_recipe(path) else folders.locate_folder(path, roots=roots)


def model_name(source: Path) -> str:
    """The name of a folder, or of the file of a prompt."""
    return source.stem if is_recipe(source) else folders.model_name(source)


def model_id(source: Path) -> str:
    """The name with only letters, digits, '.', '_' and '-': it stands in addresses."""
    return recipe_id(source) if is_recipe(source) else folders.model_id(source)


def bytes_of(source: str | Path) -> int:
    """Bytes of the files that are loaded for an embedded model or a folder: weights, tokenizer and configurations.

    Of an adapter those of its base as well. Raises BadModel.
    """
    from .folders.embedded import ADAPTER, ENCODER, FOLDER

    if source == ENCODER:
        return _bytes_of_base(DEFAULT_BASE)
    if isinstance(source, str) and source in (prompts := bundled_prompts()):
        source = prompts[source]
    if is_recipe(source):
        return bytes_of(base_of_prompt(read_recipe(Path(source)), Path(source)))
    if is_gguf(Path(source)):
        return Path(source).stat().st_size
    if isinstance(source, str) and source in folder_names():
        source = FOLDER / source
    named = isinstance(source, str) and (source in embedded_names() or wheel_of(source) is not None)
    if named and source in WHEELS:
        return WHEELS[str(source)].disk
    report = check_folder(FOLDER / source if named else source)
    files = ADAPTER if named else report.files
    own = sum((report.path / name).stat().st_size for name in files)
    return own + _bytes_of_base(base_of(report.config)) if report.kind == "adapter" else own


def base_memory(report: FolderReport) -> int:
    """Bytes of the weights that an adapter's base adds to its own; 0 for a whole model."""
    return BASES[base_of(report.config)].memory if report.kind == "adapter" else 0


def _bytes_of_base(name: str) -> int:
    return sum((base_folder(name) / file).stat().st_size for file in BASES[name].files)


def _load_prompt(path: Path, device: torch.device, *, roots: Sequence[str | Path] | None, kept: Path | None) -> Model:
    """The classifier that a prompt makes of its base. Raises BadModel."""
    from .prompts.making import load_prompt

    return load_prompt(
        path, lambda base: load_model(base, device=str(device), kept=kept), roots=roots, device=str(device)
    )


def _load_file(path: Path, device: torch.device, *, roots: Sequence[str | Path] | None, kept: Path | None) -> Model:
    """A language model from a GGUF file below one of the roots. Raises BadModel."""
    from dataclasses import replace

    from .folders.gguf import folder_of
    from .folders.loading import load_folder

    folders.locate_folder(path.parent, roots=roots)
    report = folders.check_folder(folder_of(path.resolve(), kept=kept or kept_folder()))
    return load_folder(replace(report, id=model_id(path.with_suffix(""))), device)


__all__ = [
    "WHEELS",
    "FolderReport",
    "Wheel",
    "adapters_on",
    "available_names",
    "base_memory",
    "bundled_prompts",
    "bytes_of",
    "check_folder",
    "embedded_names",
    "fetched_facts",
    "fetched_names",
    "folder_names",
    "installed_wheels",
    "is_recipe",
    "load_model",
    "locate_folder",
    "model_id",
    "model_name",
    "wheel_of",
]
