"""Which LoRA adapters can be merged into a base, by what their configuration says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ...errors import BadModel
from .base_weights import base_named
from .contents import read_object

FIXED: dict[str, tuple[Any, ...]] = {  # what plain LoRA has; any other value is another method
    "peft_type": ("LORA",),
    "task_type": ("SEQ_CLS",),
    "bias": ("none",),
    "use_dora": (False, None),
    "use_bdlora": (False, None),
    "use_qalora": (False, None),
    "lora_bias": (False, None),
    "fan_in_fan_out": (False, None),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "target_parameters": (None, []),
    "trainable_token_indices": (None, []),
    "layer_replication": (None, []),
    "alora_invocation_tokens": (None, []),
}


def read_adapter_config(folder: Path) -> dict[str, Any]:
    """Raises BadModel unless the adapter is plain LoRA for sequence classification on a base of BASES."""
    config = read_object(folder / "adapter_config.json")
    base_of(config)
    for field, allowed in FIXED.items():
        if field in config and config[field] not in allowed:
            raise BadModel(f"adapter_config.json: {field} is {config[field]!r}; only plain LoRA can be loaded")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if type(rank) is not int or rank < 1 or type(alpha) not in (int, float):
        raise BadModel("adapter_config.json: r and lora_alpha must be numbers")
    return config


def base_of(config: dict[str, Any]) -> str:
    """The name in BASES of an adapter's base. Raises BadModel."""
    model = str(config.get("base_model_name_or_path", "")).rstrip("/").rpartition("/")[2]
    try:
        return base_named(model)
    except BadModel as error:
        raise BadModel(f"adapter_config.json: {error}") from None


def scale_of(config: dict[str, Any]) -> float:
    root = math.sqrt(config["r"]) if config.get("use_rslora") else config["r"]
    return float(config["lora_alpha"] / root)
