"""From a checked folder to a model: only the checked files, only their checked contents, nothing from the network."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from ...contract import ImageInput, Model, Question, TokenOutput
from ...errors import BadInput, BadModel, ExplainersError
from ...inputs.prompt.reading import template_of
from ...inputs.prompt.template import refuse_template
from ...inputs.text.encoding import is_panic
from ..architectures import in_full
from ..continuation import ContinuationModel
from ..networks.device import placed
from ..pictures.checkpoint import MODEL_TYPE
from ..similarity import SimilarityModel
from ..speech import SpeechModel, trial_sound
from ..transformer import TransformerModel
from ..vision import VisionModel
from .card import card_in
from .contents import SAVED_FROM, WHOLE_AGAIN, names_code
from .folder import FolderReport, model_name
from .packed import unpack

OUTPUT_FIELDS = ("output_attentions", "output_hidden_states", "return_dict", "use_cache", "torchscript")
OLD_FIELDS = ("_num_labels", "torch_dtype", "dtype", "gradient_checkpointing", "gguf_file")
Loaded = TypeVar("Loaded", bound=Model)
UNUSED = frozenset((*OUTPUT_FIELDS, *SAVED_FROM, *OLD_FIELDS))  # set by loading, or never followed
AUTO = {
    "text": "AutoModelForSequenceClassification",
    "word": "AutoModelForTokenClassification",
    "similarity": "AutoModel",
    "tokens": "AutoModelForCausalLM",
    "image": "AutoModelForImageClassification",
    "speech": "AutoModelForSpeechSeq2Seq",
}
TWO_SIDED = "AutoModelForSeq2SeqLM"
TRIAL = ("The film is good.", "好。", "مرحبا")
SHORTEST = 8  # tokens of the longest input: special ones and a few words
MARGIN = 1.05  # parameters that a configuration may describe beyond those in the files: buffers, tied weights


def load_folder(
    report: FolderReport, device: torch.device
) -> TransformerModel | SimilarityModel | ContinuationModel | VisionModel | SpeechModel:
    """Raises BadModel where the folder is not a complete, finite model in plain floats."""
    if report.task == "tokens":
        return load_language(report, device)
    if report.task == "image":
        return load_pictures(report, device)
    if report.task == "speech":
        return load_listener(report, device)
    if report.sentence is not None:
        return load_encoder(report, device, title=model_name(report.path))
    network, tokenizer = _loaded(report, device)
    card = card_in(report.path)
    if card is not None and tuple(card["labels"]) != report.labels:
        card = None  # of another model
    title = card["title"] if card else model_name(report.path)
    model = TransformerModel(network, tokenizer, id=report.id, title=title, digest=digest_of(report), card=card)
    return _tried(model)


def load_encoder(report: FolderReport, device: torch.device, *, title: str) -> SimilarityModel:
    """An encoder that compares texts, from a checked folder of sentence-transformers. Raises BadModel."""
    sentence = report.sentence
    assert sentence is not None
    network, tokenizer = _loaded(report, device)
    model = SimilarityModel(
        network,
        tokenizer,
        id=report.id,
        title=title,
        digest=digest_of(report),
        pooling=sentence.pooling,
        unit=sentence.unit,
        prompts=sentence.prompts,
        default_prompt=sentence.default_prompt,
        maximum_length=sentence.maximum_length,
    )
    return _tried(model)


def load_language(report: FolderReport, device: torch.device) -> ContinuationModel:
    """A model that continues texts, with its chat template where it has one. Raises BadModel."""
    network, tokenizer = _loaded(report, device)
    template = template_of(tokenizer)
    model = ContinuationModel(
        network,
        tokenizer,
        id=report.id,
        title=model_name(report.path),
        digest=digest_of(report),
        template=None if template is None else refuse_template(template),
    )
    return _tried(model)


def load_pictures(report: FolderReport, device: torch.device) -> VisionModel:
    """An image classifier that prepares pictures as its folder says. Raises BadModel."""
    with staged(report) as folder:
        read = _checkpoint if report.model_type == MODEL_TYPE else _network
        network = _guarded(
            lambda: placed(read(folder, report), device), saved_by=report.config.get("transformers_version")
        )
    model = VisionModel(
        network, id=report.id, title=model_name(report.path), digest=digest_of(report), view=report.view
    )
    trial = ImageInput.of(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
    logits = _guarded(lambda: model.predict([model.encode(Question(input=trial))]))
    if not bool((abs(logits) < float("inf")).all()):
        raise BadModel("the model predicts NaN or infinity for a picture of noise")
    return model


def load_listener(report: FolderReport, device: torch.device) -> SpeechModel:
    """A model that writes down what it hears. Raises BadModel."""
    network, tokenizer = _loaded(report, device)
    model = SpeechModel(
        network,
        tokenizer,
        id=report.id,
        title=model_name(report.path),
        digest=digest_of(report),
        hearing=report.hearing,
    )
    assert report.hearing is not None
    trial = Question(input=trial_sound(report.hearing), outputs=TokenOutput(continuation=" a"), players="span")
    logits = _guarded(lambda: model.predict([model.encode(trial)]))
    if not bool((abs(logits) < float("inf")).all()):
        raise BadModel("the model says NaN or infinity of a recording of tones")
    return model


def _checkpoint(folder: Path, report: FolderReport) -> Any:
    """EfficientNet-Lite0, whose network is our own. Raises RuntimeError where a weight is missing or too many."""
    from transformers import PretrainedConfig

    from ..pictures.lite import EfficientNetLite0

    kept = {name: held for name, held in _config(report).items() if name not in UNUSED}
    with quiet_construction():
        network = EfficientNetLite0(PretrainedConfig(**kept))
    weights = load_file(folder / "model.safetensors")
    network.load_state_dict({name.removeprefix(report.prefix): weight for name, weight in weights.items()})
    return settled(network)


def _loaded(report: FolderReport, device: torch.device) -> tuple[Any, Any]:
    """The network on its device, and the tokenizer."""
    with staged(report) as folder:
        version = report.config.get("transformers_version")
        network = _guarded(lambda: placed(_network(folder, report), device), saved_by=version)
        tokenizer = _guarded(lambda: load_tokenizer(folder), saved_by=version)
    _refuse_unfit(network, tokenizer)
    return network, tokenizer


def _tried(model: Loaded) -> Loaded:
    """The model, once it has shown that it can predict. Raises BadModel."""
    assert model.maximum_length is not None
    if model.maximum_length < SHORTEST:
        raise BadModel(f"the model reads at most {model.maximum_length} tokens; {SHORTEST} are needed for a text")
    _try(model)
    return model


def digest_of(report: FolderReport) -> str:
    """SHA-256 over name and SHA-256 of every file that decides the predictions."""
    lines = []
    for name in report.files:
        with (report.path / name).open("rb") as file:
            lines.append(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def staged(report: FolderReport) -> Iterator[Path]:
    """A folder with nothing but the checked files; the configurations are written from what was checked."""
    with tempfile.TemporaryDirectory(prefix="whence-model-") as scratch:
        folder = Path(scratch)
        for name in report.files:
            if report.sentence is not None and name in report.sentence.files:
                continue  # read already
            source = report.path / name
            if name in ("config.json", "tokenizer_config.json"):
                held = _config(report) if name == "config.json" else json.loads(source.read_text(encoding="utf-8"))
                kept = {k: v for k, v in held.items() if k not in UNUSED and not names_code(k, v)}
                (folder / name).write_text(json.dumps(kept), encoding="utf-8")
            elif report.packed and name.endswith(".safetensors"):
                save_file(unpack(load_file(source)), folder / name, metadata={"format": "pt"})
            else:
                (folder / name).symlink_to(source.resolve())
        yield folder


def _config(report: FolderReport) -> dict[str, Any]:
    """The configuration as it was checked, with the labels as the names they are read as."""
    kept = {name: held for name, held in report.config.items() if name != "num_labels"}
    if report.sentence is not None or report.head == "tokens":
        return kept
    named = dict(enumerate(report.labels))
    return {**kept, "id2label": named, "label2id": {label: number for number, label in named.items()}}


@contextmanager
def quiet_construction() -> Iterator[None]:
    """A network is built without drawing its initial weights and without touching the random state."""
    from transformers.initialization import no_init_weights

    with torch.random.fork_rng(devices=[]), no_init_weights():
        yield


@contextmanager
def offline_and_quiet() -> Iterator[None]:
    """transformers says nothing and asks no hub; its own settings are put back."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def load_tokenizer(folder: Path) -> Any:
    """The folder's fast tokenizer, without the padding and truncation that may be stored in it."""
    with offline_and_quiet():
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast:
        raise BadModel("the tokenizer is not a fast one: it gives no character offsets")
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    return tokenizer


def _network(folder: Path, report: FolderReport) -> Any:
    with offline_and_quiet(), torch.random.fork_rng(devices=[]):
        import transformers

        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        auto = getattr(transformers, TWO_SIDED if report.two_sided and report.task == "tokens" else AUTO[report.task])
        with torch.device("meta"):
            described = sum(p.numel() for p in auto.from_config(config).parameters() if p.requires_grad)
        if described > report.parameters * MARGIN:
            raise BadModel(f"config.json describes {described} parameters, but the files hold {report.parameters}")
        network, found = auto.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            key_mapping={f"^{re.escape(report.prefix)}": ""} if report.prefix else None,
            dtype=torch.float32,
            output_loading_info=True,
        )
    if lacking := sorted(name for name in found["missing_keys"] if not _unread(name, report)):
        raise BadModel(f"the weights lack {', '.join(lacking[:3])}, which would be random")
    for weight in network.parameters():
        weight.data = weight.data.clone()  # in memory of its own: the file may be replaced while the model is served
    return settled(in_full(network))


def _unread(name: str, report: FolderReport) -> bool:
    """The pooler of BERT stands behind the last states, which is all that a sentence encoder reads."""
    return report.task == "similarity" and name.startswith("pooler.")


def settled(network: Any) -> Any:
    """The network in evaluation mode and frozen. Raises BadModel where a weight is not finite."""
    for name, weight in network.named_parameters():
        if not torch.isfinite(weight).all():
            why = "the training diverged, or the file is damaged"
            raise BadModel(f"the weight {name} holds NaN or infinity ({why}): {WHOLE_AGAIN}")
    return network.requires_grad_(False).eval()


def _guarded(load: Any, *, saved_by: Any = None) -> Any:
    """Load, and turn errors of transformers and tokenizers over a folder that they cannot read into a refusal.

    saved_by: the version of transformers that the folder names.
    """
    try:
        return load()
    except ExplainersError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        reason = " ".join(str(error).split())[:300]
        raise BadModel(f"the folder cannot be loaded: {type(error).__name__}: {reason}{_if_newer(saved_by)}") from error


def _if_newer(version: Any) -> str:
    """The cure where the folder was saved by a newer version than the one at hand."""
    from transformers import __version__ as own

    newer = isinstance(version, str) and _release(version) > _release(own)
    return f"; it was saved by transformers {version[:20]}, and {own} is here: update Whence" if newer else ""


def _release(version: str) -> list[int]:
    """The first two numbers of a version."""
    return [int(number) for number in re.findall(r"\d{1,9}", version)[:2]]


def _refuse_unfit(network: Any, tokenizer: Any) -> None:
    known, largest = network.get_input_embeddings().num_embeddings, max(tokenizer.get_vocab().values(), default=-1)
    if largest >= known:  # more embeddings than tokens are common: sizes that a device likes
        raise BadModel(f"tokenizer.json gives ids up to {largest}, but the model has {known} embeddings")


def _try(model: Model) -> None:
    """One prediction, so that a model that cannot predict is refused now. Raises BadModel."""
    refused = 0
    for text in TRIAL:
        try:
            logits = _guarded(lambda text=text: model.predict([model.encode(_trial(model, text))]))
        except BadInput:
            refused += 1
            continue
        if not bool((abs(logits) < float("inf")).all()):
            raise BadModel(f"the model predicts NaN or infinity for {text!r}")
    if refused == len(TRIAL):
        raise BadModel(f"the tokenizer leaves nothing of {', '.join(map(repr, TRIAL))}")


def _trial(model: Model, text: str) -> Question:
    outputs = TokenOutput(continuation=" a") if model.task == "tokens" else None
    return Question.about(text, text if model.task == "similarity" else None, outputs=outputs)
