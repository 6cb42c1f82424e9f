"""The curve of a pre-training as it lies beside its checkpoints; nothing here loads torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CURVE, WORK, DONE = "curve.json", "pretraining", "pretrained"


def curve_in(folder: Path) -> list[dict[str, Any]]:
    """The epochs that are behind, from the checkpoints or from the card of what is finished; empty before the first."""
    card = folder / DONE / "card.json"
    if card.is_file():
        found: list[dict[str, Any]] = json.loads(card.read_text(encoding="utf-8"))["pretraining"]["curve"]
        return found
    written = folder / WORK / CURVE
    return json.loads(written.read_text(encoding="utf-8")) if written.is_file() else []
