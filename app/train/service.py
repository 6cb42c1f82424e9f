"""From a plan to a folder with a model, or an adapter, and its card."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from .._library import explainers
from .data import read, training_examples
from .evaluate import judge
from .language.pretraining import LanguageFacts, pretrained
from .loop import EpochFacts, Epochs, fit, trained_parameters
from .plan import Plan, keeps_weights

Progress = explainers.Progress
LIBRARIES = ("torch", "transformers", "peft")


def train(
    plan: Plan,
    *,
    data: Path,
    out: Path,
    on_cpu: bool = False,
    progress: Progress = explainers.silent,
    checkpoints: Path | None = None,
    after_epoch: Callable[[EpochFacts], None] = lambda facts: None,
    after_language: Callable[[LanguageFacts], None] = lambda facts: None,
) -> dict[str, Any]:
    """Fits, saves in half precision, judges what was saved, writes the card and returns it.

    checkpoints: a folder where every epoch is stored, and taken up again, judged by the plan's first judgement where it
    has one. after_epoch, after_language: told of every epoch, of the fit and of a pre-training before it.
    Raises BadModel (base weights), BadData, OSError.
    """
    progress(0.0, "reading")
    examples, files = training_examples(plan, data)
    with tempfile.TemporaryDirectory() as scratch:
        work = checkpoints or Path(scratch)
        base, learned = _begun(plan, data=data, work=work, on_cpu=on_cpu, progress=progress, told=after_language)
        if learned is not None:
            shutil.copytree(base, out / "pretrained", dirs_exist_ok=True)
        epochs = None
        if checkpoints is not None:
            dev = read(plan.judge[0], data, plan.labels)[0] if plan.judge else []
            kept = checkpoints.parent if keeps_weights(plan.method, plan.pretrain) else None
            epochs = Epochs(checkpoints, dev, after_epoch, kept)
        rest = progress if learned is None else lambda done, note="": progress(0.5 + done / 2, note)
        asked: Any = {"on_cpu": on_cpu, "progress": rest, "epochs": epochs}
        network, tokenizer = fit(plan, examples, base=base, scratch=Path(scratch), **asked)
        described = _described(plan, base)
    trained, parameters = trained_parameters(network), sum(weight.numel() for weight in network.parameters())
    card = {
        "name": plan.name,
        "title": plan.title,
        "description": plan.description,
        "intended_use": plan.intended_use,
        "limits": list(plan.limits),
        "language": plan.language,
        "labels": list(plan.labels),
        "maximum_length": plan.fit.maximum_length,
        "base": described,
        **({} if learned is None else {"pretraining": learned}),
        "method": plan.method,
        "trained_parameters": trained,
        "parameters": parameters,
        "fit": {**plan.fit.model_dump(), "learning_rate": plan.learning_rate},
        "seed": plan.seed,
        "trained_on": [{"path": f.path, "sha256": f.sha256, "rows": f.rows, **f.left_out} for f in files],
        "training_texts": len(examples),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    saved = _save(plan, network, tokenizer, out, base=base, card=card)
    progress(1.0, "judging")
    card["figures"] = [f.model_dump() for f in judge(plan, saved, tokenizer, root=data)]
    if (out / "adapter_model.safetensors").is_file():
        card["adapter"] = {"method": "LoRA", "sha256": _sha256(out / "adapter_model.safetensors")}
    (out / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return card


def _begun(
    plan: Plan,
    *,
    data: Path,
    work: Path,
    on_cpu: bool,
    progress: Progress,
    told: Callable[[LanguageFacts], None],
) -> tuple[Path, dict[str, Any] | None]:
    """The folder of the network that is fitted, and what it learned before, where the plan says so."""
    asked = plan.pretrain
    base = None if asked is not None and asked.start == "scratch" else base_of(plan)
    if asked is None:
        assert base is not None
        return base, None

    def half(done: float, note: str = "") -> None:
        progress(done / 2, f"pretraining, {note}")

    return pretrained(plan, asked, base=base, data=data, folder=work, on_cpu=on_cpu, progress=half, told=told)


def base_of(plan: Plan) -> Path:
    """The folder of the encoder that is fitted. Raises BadModel, with the way to get one that is not installed."""
    if plan.base in explainers.BASES:
        return explainers.base_folder(plan.base)
    report = explainers.check_folder(plan.base)
    if report.kind == "adapter" or report.task in ("tokens", "image", "speech"):
        raise explainers.BadModel(
            f"the base {plan.base} is no encoder: give the folder of one that compares texts, or of a "
            f"whole classifier, or a name: {', '.join(explainers.BASES)}"
        )
    return report.path


def is_public(plan: Plan) -> bool:
    """Whether the base is one that everybody can get, so that an adapter on it is enough."""
    return plan.pretrain is None and plan.base in explainers.BASES


def _described(plan: Plan, base: Path) -> dict[str, Any]:
    if is_public(plan):
        known = explainers.BASES[plan.base]
        return {"model": known.model, "files": dict(known.files)}
    return {"model": base.name, "files": {"model.safetensors": _sha256(base / "model.safetensors")}}


def _save(plan: Plan, network: Any, tokenizer: Any, out: Path, *, base: Path, card: dict[str, Any]) -> Any:
    """Writes the model in half precision; what was written, loaded again in fp32: what a user will run."""
    if plan.method == "lora" and is_public(plan):
        out.mkdir(parents=True, exist_ok=True)
        network.save_pretrained(out)
        _tidy(out, explainers.BASES[plan.base].model)
        return _load(out, base=base, labels=len(plan.labels))
    if plan.method == "lora":  # nobody else has this base: the whole model is saved
        network = network.merge_and_unload()
    explainers.save_classifier(
        network, tokenizer, out, bits=16, maximum_length=plan.fit.maximum_length, card={**card, "figures": []}
    )
    return explainers.copy_network(explainers.load_model(out, device="cpu"))[0]


def _tidy(out: Path, base: str) -> None:
    """Half precision, and nothing of this machine: peft records where the base model lay."""
    weights = out / "adapter_model.safetensors"
    save_file({name: w.half().contiguous() for name, w in load_file(weights).items()}, weights)
    path = out / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (out / "README.md").unlink(missing_ok=True)


def _load(folder: Path, *, base: Path, labels: int) -> Any:
    """The saved adapter on a fresh base, merged in fp32: what a user will run."""
    network = AutoModelForSequenceClassification.from_pretrained(base, num_labels=labels, dtype=torch.float32)
    return PeftModel.from_pretrained(network, folder).merge_and_unload().eval()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
