"""Which folders may be loaded: plain data below an allowed root, of a known architecture, complete and consistent.

No torch here, and nothing of the folder is run: every check reads bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...contract import Head, Notice
from ...errors import BadModel
from ...inputs.audio.hearing import Hearing, hearing_of
from ...inputs.image.view import FILE as PREPARATION
from ...inputs.image.view import View, view_of
from ...inputs.prompt.template import refuse_template
from ...inputs.text.normalizing import refuse_growth
from ..architectures import CAUSAL, LISTENERS, MODEL_TYPES, PICTURES, TRANSLATORS
from ..heads import TRAINED, reading_of
from .card import card_in
from .contents import MOST_JSON, read_object, refuse_sizes
from .sentence import MODULES, Sentence, read_sentence
from .used import Used
from .weights import Weights, read_header, read_weights

MOST_LABELS = 10_000
MOST_TOKENIZER = 128 * 2**20  # bytes
PLAIN_VOCABULARIES = (("vocab.txt",), ("vocab.json", "merges.txt"))  # of versions before tokenizer.json
ADDED = ("added_tokens.json",)
BESIDE_TOKENIZER = ("tokenizer_config.json", "special_tokens_map.json")
TEMPLATE = "chat_template.jinja"
GENERATION = "generation_config.json"
BESIDE_LANGUAGE = (TEMPLATE, GENERATION)
CONTINUES = ("ForCausalLM", "LMHeadModel")  # the ends of classes whose models continue a text


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReport:
    """A folder that may be loaded. kind 'adapter': LoRA weights for the embedded base; 'prompt': `path` is a file."""

    path: Path
    id: str
    kind: Literal["model", "adapter", "prompt"]
    model_type: str
    labels: tuple[str, ...]
    head: Head
    # A class of the text, one of every word, two texts compared, a text that goes on, a class of a picture, or the
    # words of a recording.
    task: Literal["text", "word", "similarity", "tokens", "image", "speech"] = "text"
    two_sided: bool = False  # of a text that goes on: an encoder reads it, and a decoder says what becomes of it
    sentence: Sentence | None = None  # of an encoder that compares texts: how it makes a vector of one
    view: View | None = None  # of a classifier of pictures: how it prepares one
    hearing: Hearing | None = None  # of a model of recordings: how it hears one
    parameters: int
    files: tuple[str, ...]  # what decides the predictions, in a fixed order
    prefix: str = ""  # before the name of every weight, left there by a wrapper such as torch.compile
    packed: bool = False  # weights in 8 bits or without their zeros, which are unpacked before they are loaded
    assumed: tuple[Notice, ...] = ()  # what the configuration left open
    config: dict[str, Any] = field(repr=False)


def check_folder(path: str | Path, *, roots: Sequence[str | Path] | None = None) -> FolderReport:
    """Raises BadModel with the file and the reason unless the folder holds a classifier that may be loaded.

    roots: the folders it may lie in; None allows any.
    """
    folder = locate_folder(path, roots=roots)
    try:
        return _checked(folder, roots)
    except OSError as error:
        name = Path(str(error.filename)).name
        raise BadModel(
            f"{name} cannot be read ({error.strerror}): let the user that runs Whence read the folder and its files"
        ) from None


def _checked(folder: Path, roots: Sequence[str | Path] | None) -> FolderReport:
    used = Used(folder, None if roots is None else [Path(root).expanduser().resolve() for root in roots])
    adapter = used.checked("adapter_config.json") if used.has("adapter_config.json") else None
    config = used.checked("config.json") if used.has("config.json") else None
    if config is not None and adapter is not None:
        raise BadModel("the folder holds both a model and an adapter: merge the adapter into the model and save it")
    if adapter is not None:
        return _adapter(used)
    if config is None:
        raise BadModel(f"config.json is missing in {folder.name}: it is no folder of save_pretrained{_inside(folder)}")
    return _model(used, config)


def _inside(folder: Path) -> str:
    """Where the models are that a training or the cache of a hub keeps one folder further in; the last of them."""
    patterns = ("checkpoint-*/config.json", "snapshots/*/config.json")
    found = [path.parent for pattern in patterns for path in folder.glob(pattern)]
    last = max(found, key=lambda path: (len(path.name), path.name), default=None)
    return "" if last is None else f"; choose {last.relative_to(folder)} in it"


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


def _model(used: Used, config: dict[str, Any]) -> FolderReport:
    refuse_sizes(config, "config.json")
    kind = config.get("model_type")
    if kind in TRANSLATORS or (kind in CAUSAL and _saved_as(config).endswith(CONTINUES)):
        return _language(used, config)
    if kind in PICTURES:
        return _pictures(used, config)
    if kind in LISTENERS:
        return _recordings(used, config)
    if kind not in MODEL_TYPES:
        known = ", ".join(sorted(MODEL_TYPES | TRANSLATORS | PICTURES | LISTENERS))
        raise BadModel(f"config.json: model_type {kind!r} is not supported; there are {known}")
    tokenizer = _tokenizer(used)
    weights = read_weights(used)
    if used.has(MODULES) and weights.outputs is None:
        return _encoder(used, config, tokenizer=tokenizer, weights=weights)
    labels = _labels(config)
    _refuse_head(weights, labels)
    task = _task(config, labels)
    reading = reading_of(config.get("problem_type"), outputs=len(labels), task=task)
    return FolderReport(
        path=used.folder,
        id=model_id(used.folder),
        kind="model",
        model_type=kind,
        labels=labels,
        head=reading.head,
        task=task,
        parameters=weights.parameters,
        files=("config.json", *tokenizer, *weights.files),
        prefix=weights.prefix,
        packed=weights.packed,
        assumed=reading.assumed,
        config=config,
    )


def _pictures(used: Used, config: dict[str, Any]) -> FolderReport:
    """A folder of an image classifier, with the way it prepares a picture."""
    saved = _saved_as(config)
    if saved and not saved.endswith("ForImageClassification"):
        raise BadModel(f"config.json: {saved[:60]} is no image classifier (…ForImageClassification)")
    if config.get("num_channels", 3) != 3:
        raise BadModel(f"config.json: num_channels is {config['num_channels']}; pictures of 3 colours are explained")
    settings = _preparation(used, "a picture", "image_processor")
    weights = read_weights(used)
    labels = _labels(config)
    _refuse_head(weights, labels)
    reading = reading_of(config.get("problem_type"), outputs=len(labels))
    return FolderReport(
        path=used.folder,
        id=model_id(used.folder),
        kind="model",
        model_type=config["model_type"],
        labels=labels,
        head=reading.head,
        task="image",
        view=view_of(settings),
        parameters=weights.parameters,
        files=("config.json", PREPARATION, *weights.files),
        prefix=weights.prefix,
        assumed=reading.assumed,
        config=config,
    )


def _recordings(used: Used, config: dict[str, Any]) -> FolderReport:
    """A folder of a model that writes down what it hears, with the way it hears."""
    saved = _saved_as(config)
    if saved and not saved.endswith("ForConditionalGeneration"):
        raise BadModel(f"config.json: {saved[:60]} writes nothing down (…ForConditionalGeneration)")
    hearing = hearing_of(_preparation(used, "a recording", "feature_extractor"))
    for name, wanted in (("num_mel_bins", hearing.bins), ("max_source_positions", hearing.cells)):
        if config.get(name, wanted) != wanted:
            raise BadModel(f"config.json: {name} is {config[name]}, but {PREPARATION} makes {wanted}")
    tokenizer = _tokenizer(used)
    weights = read_weights(used)
    if used.has(GENERATION):
        used.checked(GENERATION)
    beside = (PREPARATION, *((GENERATION,) if used.has(GENERATION) else ()))
    return FolderReport(
        path=used.folder,
        id=model_id(used.folder),
        kind="model",
        model_type=config["model_type"],
        labels=(),
        head="tokens",
        task="speech",
        two_sided=True,
        hearing=hearing,
        parameters=weights.parameters,
        files=("config.json", *tokenizer, *beside, *weights.files),
        prefix=weights.prefix,
        config=config,
    )


def _preparation(used: Used, input: str, saved_by: str) -> dict[str, Any]:
    """The settings of preprocessor_config.json. Raises BadModel where it is missing."""
    if not used.has(PREPARATION):
        raise BadModel(
            f"{PREPARATION}, which says how {input} is prepared, is missing: save it with {saved_by}.save_pretrained"
        )
    return used.checked(PREPARATION)


def _language(used: Used, config: dict[str, Any]) -> FolderReport:
    """A folder of a model that continues a text, or makes another one of it."""
    tokenizer = _tokenizer(used)
    weights = read_weights(used)
    beside = [name for name in BESIDE_LANGUAGE if used.has(name)]
    if GENERATION in beside:
        used.checked(GENERATION)
    _refuse_template(used)
    return FolderReport(
        path=used.folder,
        id=model_id(used.folder),
        kind="model",
        model_type=config["model_type"],
        labels=(),
        head="tokens",
        task="tokens",
        two_sided=config["model_type"] in TRANSLATORS,
        parameters=weights.parameters,
        files=("config.json", *tokenizer, *beside, *weights.files),
        prefix=weights.prefix,
        config=config,
    )


def _refuse_template(used: Used) -> None:
    """Raises BadModel for a chat template that cannot be used."""
    if used.has(TEMPLATE):
        size = (used.folder / TEMPLATE).stat().st_size
        if size > MOST_JSON:
            raise BadModel(f"{TEMPLATE} has {size} bytes; a chat template is a short text")
        refuse_template((used.folder / TEMPLATE).read_text(encoding="utf-8", errors="replace"))
    elif used.has(BESIDE_TOKENIZER[0]):
        given = read_object(used.folder / BESIDE_TOKENIZER[0]).get("chat_template")
        if isinstance(given, str):
            refuse_template(given)


def _saved_as(config: dict[str, Any]) -> str:
    """The class that saved the model; empty where the configuration does not say."""
    saved = config.get("architectures")
    return saved[0] if isinstance(saved, list) and saved and isinstance(saved[0], str) else ""


def _encoder(used: Used, config: dict[str, Any], *, tokenizer: tuple[str, ...], weights: Weights) -> FolderReport:
    """A folder of sentence-transformers."""
    sentence = read_sentence(used, width=config.get("hidden_size", config.get("dim", config.get("d_model"))))
    return FolderReport(
        path=used.folder,
        id=model_id(used.folder),
        kind="model",
        model_type=config["model_type"],
        labels=("similarity",),
        head="regression",
        task="similarity",
        sentence=sentence,
        parameters=weights.parameters,
        files=("config.json", *tokenizer, *weights.files, *sentence.files),
        prefix=weights.prefix,
        packed=weights.packed,
        config=config,
    )


def _tokenizer(used: Used) -> tuple[str, ...]:
    """Its files. Raises BadModel where no fast tokenizer can be made of them."""
    beside = [name for name in BESIDE_TOKENIZER if used.has(name)]
    for name in beside:
        used.checked(name)
    if used.has("tokenizer.json"):
        tokenizer = read_object(used.folder / "tokenizer.json", most=MOST_TOKENIZER)
        if not isinstance(tokenizer.get("model"), dict):
            raise BadModel("tokenizer.json has no model: it is no fast tokenizer")
        refuse_growth(tokenizer)
        return ("tokenizer.json", *beside)
    for vocabulary in PLAIN_VOCABULARIES:
        if all(used.has(name) for name in vocabulary):
            return (*vocabulary, *(name for name in ADDED if used.has(name)), *beside)
    raise BadModel("tokenizer.json is missing: save the fast tokenizer with tokenizer.save_pretrained")


def _task(config: dict[str, Any], labels: tuple[str, ...]) -> Literal["text", "word"]:
    """From the class that saved it. Raises BadModel for a token classifier of a single class."""
    if not _saved_as(config).endswith("ForTokenClassification"):
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
    named = [table[str(number)] for number in range(len(table))]
    labels = tuple(map(str, named))  # numbers are names as well
    if not all(isinstance(name, str | int | float) and str(name).strip() for name in named) or _twice(labels):
        raise BadModel("config.json: the labels of id2label must be distinct names")
    if count not in (None, len(labels)):
        raise BadModel(f"config.json: num_labels is {count}, but id2label names {len(labels)} labels")
    return labels


def _twice(labels: Sequence[str]) -> bool:
    return len(set(labels)) < len(labels)


def _refuse_head(weights: Weights, labels: tuple[str, ...]) -> None:
    if weights.outputs is None:
        raise BadModel("the weights have no classification head: the model was not trained for classification")
    if weights.outputs != len(labels):
        raise BadModel(
            f"the classification head has {weights.outputs} outputs, but config.json names {len(labels)} labels: "
            "correct id2label"
        )


def _adapter(used: Used) -> FolderReport:
    from .lora import read_adapter_config

    folder = used.folder
    config = read_adapter_config(folder)
    if not used.has("adapter_model.safetensors"):
        raise BadModel("adapter_model.safetensors is missing")
    shapes = read_header(folder / "adapter_model.safetensors")
    heads = [shape[0] for name, shape in shapes.items() if name.endswith("classifier.weight") and len(shape) == 2]
    if not heads:
        raise BadModel("adapter_model.safetensors has no classifier: it was not trained for classification")
    labels = tuple(f"LABEL_{number}" for number in range(heads[0]))
    if used.has("card.json"):
        named = read_object(folder / "card.json").get("labels")
        labels = _labels({"id2label": {str(i): n for i, n in enumerate(named if isinstance(named, list) else ())}})
    if len(labels) != heads[0]:
        raise BadModel(f"the adapter's classifier has {heads[0]} outputs, but card.json names {len(labels)} labels")
    reading = reading_of(TRAINED if card_in(folder) else None, outputs=len(labels))
    return FolderReport(
        path=folder,
        id=model_id(folder),
        kind="adapter",
        model_type="bert",
        labels=labels,
        head=reading.head,
        parameters=sum(int(shape[0]) * int(shape[-1]) for shape in shapes.values() if shape),
        files=("adapter_config.json", "adapter_model.safetensors"),
        assumed=reading.assumed,
        config=config,
    )


def model_id(folder: Path) -> str:
    """The folder's name with only letters, digits, '.', '_' and '-': it stands in addresses."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model_name(folder)).strip("-.") or "model"


def model_name(folder: Path) -> str:
    """The folder's name; in the cache of a hub, whose folders are called by a hash, that of the model."""
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        return folder.parent.parent.name.rpartition("--")[2]
    return folder.name
