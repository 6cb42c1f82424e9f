"""LoRA adapters merged into their base by hand.

W + (alpha / r) · B A, in fp32 (Hu et al. 2021, arXiv:2106.09685, equation 3). The same numbers as
`peft.PeftModel.merge_and_unload`, without the three seconds that importing peft takes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ...errors import BadModel
from .lora import read_adapter_config, scale_of

PREFIX = "base_model.model."


def merged_network(base: Path, adapter: Path, labels: tuple[str, ...], *, problem: str | None = None) -> Any:
    """The classifier in fp32 and evaluation mode. Raises BadModel where the adapter is not plain LoRA on this base.

    problem: its `problem_type`, None where nothing says it.
    """
    from transformers import BertConfig, BertForSequenceClassification

    from .loading import quiet_construction, settled

    config = read_adapter_config(adapter)
    update = load_file(adapter / "adapter_model.safetensors")
    weights = merge(load_file(base / "model.safetensors"), update, scale=scale_of(config))
    count = int(weights["classifier.weight"].shape[0])
    if len(labels) != count:
        raise BadModel(f"the adapter's classifier has {count} outputs, but {len(labels)} labels are named")
    base_config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    kept = {k: v for k, v in base_config.items() if k not in ("architectures", "_name_or_path")}
    numbered = dict(enumerate(labels))
    described = {"id2label": numbered, "label2id": {v: k for k, v in numbered.items()}, "problem_type": problem}
    with quiet_construction():
        network = BertForSequenceClassification(BertConfig(**kept, **described))
    wanted = network.state_dict()
    if unfit := sorted(n for n, w in wanted.items() if n not in weights or weights[n].shape != w.shape):
        raise BadModel(f"adapter_model.safetensors: {unfit[0]} does not fit its base")
    network.load_state_dict({name: weights[name] for name in wanted})
    return settled(network)


def merge(base: dict[str, torch.Tensor], update: dict[str, torch.Tensor], *, scale: float) -> dict[str, torch.Tensor]:
    """Weights of BertForSequenceClassification. Raises BadModel for an update of a weight that is not there."""
    merged = {f"bert.{name}": weight.float() for name, weight in base.items()}
    for name, value in update.items():
        plain = name.removeprefix(PREFIX)
        if plain.endswith(".lora_B.weight"):
            continue
        if not plain.endswith(".lora_A.weight"):
            merged[plain] = value.float()
            continue
        target = plain.replace(".lora_A.weight", ".weight")
        down, up = value.float(), update.get(name.replace(".lora_A.", ".lora_B."))
        if target not in merged or up is None or merged[target].shape != (up.shape[0], down.shape[1]):
            raise BadModel(f"adapter_model.safetensors: {name} does not fit its base")
        merged[target] = merged[target] + scale * (up.float() @ down)
    if "classifier.weight" not in merged or "classifier.bias" not in merged:
        raise BadModel("adapter_model.safetensors has no classifier: it was not trained for classification")
    return merged
