"""Which folders may be loaded: plain data below an allowed root, of a known architecture, complete and consistent.

No torch here, and nothing of the folder is run: every check reads bytes.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...contract import Head
from ...errors import BadModel
from .contents import VOCABULARIES, read_json, read_object, refuse_code, refuse_sizes
from .weights import Weights, read_header, read_weights

ENCODERS = ("bert", "distilbert", "roberta", "xlm-roberta", "camembert", "albert", "electra", "deberta", "deberta-v2")
MODEL_TYPES = frozenset((*ENCODERS, "mpnet", "modernbert", "gpt2", "llama", "mistral", "qwen2", "qwen3"))
MOST_FILES = 2000
MOST_LABELS = 10_000
MOST_TOKENIZER = 128 * 2**20  # bytes
PICKLES = re.compile(r".*\.(bin|pt|pth|pkl|pickle|ckpt|h5|msgpack|joblib|npy|npz|dill)", re.I)
LEFT_BY_TRAINING = re.compile(r"training_args\.bin|(optimizer|scheduler|scaler|rng_state\w*)\.(pt|pth|bin)")
NEVER_READ = frozenset({".git", ".cache", "runs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReport:
    """A folder that may be loaded. kind 'adapter': LoRA weights for the embedded base."""

    path: Path
    id: str
    kind: Literal["model", "adapter"]
    model_type: str
    labels: tuple[str, ...]
    head: Head
    task: Literal["text", "word"] = "text"  # one class of the text, or one of every word
    parameters: int
    files: tuple[str, ...]  # what decides the predictions, in a fixed order
    config: dict[str, Any] = field(repr=False)


def check_folder(path: str | Path, *, roots: Sequence[str | Path] | None = None) -> FolderReport:
    """Raises BadModel with the file and the reason unless the folder holds a classifier that may be loaded.

    roots: the folders it may lie in; None allows any.
    """
    folder = locate_folder(path, roots=roots)
    for file in _files(folder):
        _refuse_file(file, folder)
    config, adapter = folder / "config.json", folder / "adapter_config.json"
    if config.is_file() and adapter.is_file():
        raise BadModel("the folder holds both a model and an adapter: merge the adapter into the model and save it")
    if adapter.is_file():
        return _adapter(folder)
    if not config.is_file():
        raise BadModel(f"config.json is missing in {folder.name}: it is no folder of save_pretrained")
    return _model(folder, read_object(config))


def locate_folder(path: str | Path, *, roots: Sequence[str | Path] | None = None) -> Path:
    """Where a folder really lies, without a look into it. Raises BadModel unless it is one, below one of the roots."""
    try:
        folder = Path(path).expanduser().resolve(strict=True)
        allowed = roots is None or any(folder.is_relative_to(Path(root).expanduser().resolve()) for root in roots)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadModel(f"{str(path)[:200]!r} cannot be opened: {error}") from None
    if not allowed:
        raise BadModel(f"{folder} lies outside the folders that models may be loaded from")
    if not folder.is_dir():
        raise BadModel(f"{folder} is no folder")
    return folder


def _files(folder: Path) -> Iterator[Path]:
    """Everything below that is no folder, links included; links to folders are not followed."""
    waiting, seen = [folder], 0
    while waiting:
        for entry in sorted(waiting.pop().iterdir()):
            seen += 1
            if seen > MOST_FILES:
                raise BadModel(f"{folder.name} holds more than {MOST_FILES} files: it is no model folder")
            if entry.is_dir() and not entry.is_symlink():
                waiting += [] if entry.name in NEVER_READ else [entry]
            else:
                yield entry


def _refuse_file(file: Path, folder: Path) -> None:
    name = str(file.relative_to(folder))
    target = file.resolve()
    if not target.is_relative_to(folder):
        raise BadModel(f"{name} is a link that leads out of the folder")
    if not target.exists() or not stat.S_ISREG(target.stat().st_mode):
        raise BadModel(f"{name} is not a regular file")
    if PICKLES.fullmatch(file.name) and not LEFT_BY_TRAINING.fullmatch(file.name):
        raise BadModel(
            f"{name} can hold pickled objects, which run code when they are read: save the model as safetensors "
            "and remove it"
        )
    if file.suffix == ".json" and file.name not in VOCABULARIES:
        refuse_code(read_json(file), name)


def _model(folder: Path, config: dict[str, Any]) -> FolderReport:
    refuse_sizes(config, "config.json")
    kind = config.get("model_type")
    if kind not in MODEL_TYPES:
        raise BadModel(f"config.json: model_type {kind!r} is not supported; there are {', '.join(sorted(MODEL_TYPES))}")
    if not (folder / "tokenizer.json").is_file():
        raise BadModel("tokenizer.json is missing: save the fast tokenizer with tokenizer.save_pretrained")
    tokenizer = read_object(folder / "tokenizer.json", most=MOST_TOKENIZER)
    if not isinstance(tokenizer.get("model"), dict):
        raise BadModel("tokenizer.json has no model: it is no fast tokenizer")
    weights = read_weights(folder)
    labels = _labels(config)
    _refuse_head(weights, labels)
    head: Head = "regression" if len(labels) == 1 else "single"
    if config.get("problem_type") == "multi_label_classification" and len(labels) > 1:
        head = "multi"
    beside = [name for name in ("tokenizer_config.json", "special_tokens_map.json") if (folder / name).is_file()]
    return FolderReport(
        path=folder,
        id=model_id(folder),
        kind="model",
        model_type=kind,
        labels=labels,
        head=head,
        task=_task(config, labels),
        parameters=weights.parameters,
        files=("config.json", "tokenizer.json", *beside, *weights.files),
        config=config,
    )


def _task(config: dict[str, Any], labels: tuple[str, ...]) -> Literal["text", "word"]:
    """From the class that saved it. Raises BadModel for a token classifier of a single class."""
    saved = config.get("architectures")
    named = saved[0] if isinstance(saved, list) and saved and isinstance(saved[0], str) else ""
    if not named.endswith("ForTokenClassification"):
        return "text"
    if len(labels) < 2:
        raise BadModel("a token classifier needs two classes at least: correct id2label")
    return "word"


def _labels(config: dict[str, Any]) -> tuple[str, ...]:
    """Label names in the order of the outputs. Raises BadModel unless they are numbered 0, 1, 2 … and distinct."""
    table = config.get("id2label")
    count = config.get("num_labels", 2 if table is None else None)
    if table is None and isinstance(count, int) and 1 <= count <= MOST_LABELS:
        return tuple(f"LABEL_{number}" for number in range(count))
    if not isinstance(table, dict) or not 1 <= len(table) <= MOST_LABELS:
        raise BadModel(f"config.json: id2label must name 1 to {MOST_LABELS} labels")
    if sorted(table) != sorted(str(number) for number in range(len(table))):
        raise BadModel("config.json: id2label must be numbered 0, 1, 2 …")
    labels = tuple(table[str(number)] for number in range(len(table)))
    if not all(isinstance(label, str) and label.strip() for label in labels) or len(set(labels)) < len(labels):
        raise BadModel("config.json: the labels of id2label must be distinct names")
    if count not in (None, len(labels)):
        raise BadModel(f"config.json: num_labels is {count}, but id2label names {len(labels)} labels")
    return labels


def _refuse_head(weights: Weights, labels: tuple[str, ...]) -> None:
    if weights.outputs is None:
        raise BadModel("the weights have no classification head: the model was not trained for classification")
    if weights.outputs != len(labels):
        raise BadModel(
            f"the classification head has {weights.outputs} outputs, but config.json names {len(labels)} labels: "
            "correct id2label"
        )


def _adapter(folder: Path) -> FolderReport:
    from .lora import read_adapter_config

    config = read_adapter_config(folder)
    file = folder / "adapter_model.safetensors"
    if not file.is_file():
        raise BadModel("adapter_model.safetensors is missing")
    shapes = read_header(file)
    heads = [shape[0] for name, shape in shapes.items() if name.endswith("classifier.weight") and len(shape) == 2]
    if not heads:
        raise BadModel("adapter_model.safetensors has no classifier: it was not trained for classification")
    labels = tuple(f"LABEL_{number}" for number in range(heads[0]))
    if (card := folder / "card.json").is_file():
        named = read_object(card).get("labels")
        labels = _labels({"id2label": {str(i): n for i, n in enumerate(named if isinstance(named, list) else ())}})
    if len(labels) != heads[0]:
        raise BadModel(f"the adapter's classifier has {heads[0]} outputs, but card.json names {len(labels)} labels")
    return FolderReport(
        path=folder,
        id=model_id(folder),
        kind="adapter",
        model_type="bert",
        labels=labels,
        head="regression" if len(labels) == 1 else "single",
        parameters=sum(int(shape[0]) * int(shape[-1]) for shape in shapes.values() if shape),
        files=("adapter_config.json", file.name),
        config=config,
    )


def model_id(folder: Path) -> str:
    """The folder's name with only letters, digits, '.', '_' and '-': it stands in addresses."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-.") or "model"
