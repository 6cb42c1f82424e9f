"""Folders as people really save them are loaded, and predict what transformers itself predicts."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from explainers.contract import Question
from explainers.errors import BadModel
from explainers.models import check_folder, load_model
from tests.tiny import network_for, tokenizer_for

TEXT = "the film is not bad, a witty movie"
NAN_STATE = '{"best_metric": NaN, "log_history": [{"loss": NaN, "grad_norm": Infinity}]}'
Maker = Callable[[Path], Path | None]


def saved(folder: Path, name: str = "bert", *, labels: int = 2, problem: str | None = None, **changed: Any) -> Path:
    tokenizer = tokenizer_for(name)
    network_for(name, tokenizer, labels=labels, problem=problem, **changed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def edit(folder: Path, file: str = "config.json", *, without: tuple[str, ...] = (), **fields: Any) -> None:
    path = folder / file
    held = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({name: value for name, value in {**held, **fields}.items() if name not in without}))


def weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    held = change(load_file(folder / "model.safetensors"))
    save_file(held, folder / "model.safetensors", metadata={"format": "pt"})


def beside(folder: Path, *names: str, body: bytes = b"\x80\x02}q\x00.") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


def shard(folder: Path) -> None:
    held = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    table = {name: f"model-0000{1 + k % 3}-of-00003.safetensors" for k, name in enumerate(sorted(held))}
    for file in set(table.values()):
        part = {name: held[name] for name in held if table[name] == file}
        save_file(part, folder / file, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": table}))


def trainer(folder: Path) -> None:
    state = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "training_args.bin")
    for step in ("checkpoint-500", "checkpoint-1000"):
        beside(folder, *(f"{step}/{name}" for name in state))
        for name in ("config.json", "model.safetensors", "tokenizer.json"):
            shutil.copy(folder / name, folder / step)
        (folder / step / "trainer_state.json").write_text(NAN_STATE)
    beside(folder, "training_args.bin", "runs/Nov30_host/events.out.tfevents.1.host.1.0")
    (folder / "all_results.json").write_text('{"epoch": 3.0, "eval_loss": NaN}')


def checkpoint(folder: Path) -> Path:
    trainer(folder)
    return folder / "checkpoint-1000"


def cache(folder: Path, *, sharded: bool = False) -> Path:
    """As the hub's client keeps a model: files by hash, a snapshot of links."""
    if sharded:
        shard(folder)
    repository = folder.parent / "models--someone--nice-model"
    snapshot = repository / "snapshots" / "86b5e0934494bd15c9632b12f734a8a67f723594"
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    for number, file in enumerate(sorted(folder.iterdir())):
        shutil.move(file, repository / "blobs" / f"{number:040x}")
        (snapshot / file.name).symlink_to(f"../../blobs/{number:040x}")
    return snapshot


def downloaded(folder: Path) -> None:
    beside(folder, ".cache/huggingface/download/config.json.metadata", ".gitattributes", "pytorch_model.bin")
    beside(folder, "tf_model.h5", "flax_model.msgpack", "rust_model.ot", "onnx/model.onnx", "openvino/model.bin")


def peft_merged(folder: Path) -> None:
    from peft import LoraConfig, TaskType, get_peft_model

    network = AutoModelForSequenceClassification.from_pretrained(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
        adapted = get_peft_model(network, LoraConfig(task_type=TaskType.SEQ_CLS, r=2, init_lora_weights=False))
        adapted.merge_and_unload().save_pretrained(folder)


def spacy_born(folder: Path) -> None:
    names = ("config.cfg", "meta.json", "tokenizer", "vocab/lookups.bin", "vocab/vectors", "vocab/key2row")
    beside(folder, *names, "vocab/strings.json", "transformer/model", "textcat/model")


def keras_born(folder: Path) -> None:
    beside(folder, "tf_model.h5", "model.keras", "saved_model/saved_model.pb", "saved_model/variables/variables.index")
    (folder / "history.json").write_text('{"val_loss": [NaN, 0.3]}')


def old_config(folder: Path) -> None:
    """Fields that versions 2 to 4 wrote, and no id2label: of two classes they wrote none."""
    edit(
        folder, without=("id2label", "label2id", "dtype", "problem_type"),
        _num_labels=2, output_past=True, pruned_heads={}, use_bfloat16=False, torchscript=False, is_decoder=False,
        finetuning_task="sst-2", xla_device=True, directionality="bidi", pooler_type="first_token_transform",
        num_beams=1, do_sample=False, eos_token_ids=0, length_penalty=1.0, output_attentions=False,
    )  # fmt: skip


def config_of_4(folder: Path) -> None:
    edit(
        folder, without=("dtype",), torch_dtype="float16", gradient_checkpointing=False, use_cache=True,
        position_embedding_type="absolute", classifier_dropout=None, transformers_version="4.28.1",
        layer_norm_eps=1e-12, num_labels=2,
    )  # fmt: skip


def old_tokenizer(folder: Path) -> None:
    """A vocabulary as a text file; what BERT's tokenizer needs beside it is in its class."""
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n")
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true, "model_max_length": 128}')


def caches_named(folder: Path) -> None:
    place = "/home/somebody/.cache/huggingface/hub/models--bert-base-uncased/snapshots/86b5e09/"
    edit(folder, _name_or_path=place)
    edit(
        folder, "tokenizer_config.json", name_or_path=place, tokenizer_file=f"{place}tokenizer.json",
        special_tokens_map_file=f"{place}special_tokens_map.json",
    )  # fmt: skip


def old_norms(held: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    return {next((n.replace(a, b) for a, b in old.items() if n.endswith(a)), n): w for n, w in held.items()}


def prefixed(prefix: str) -> Maker:
    return lambda folder: weights(folder, lambda held: {f"{prefix}{name}": weight for name, weight in held.items()})


def stored_as(kind: torch.dtype) -> Maker:
    return lambda folder: weights(folder, lambda held: {name: weight.to(kind) for name, weight in held.items()})


def with_more(**more: torch.Tensor) -> Maker:
    named = {name.replace("__", "."): tensor for name, tensor in more.items()}
    return lambda folder: weights(folder, lambda held: {**held, **named})


def without_format(folder: Path) -> None:
    save_file(load_file(folder / "model.safetensors"), folder / "model.safetensors")


def renamed(folder: Path) -> Path:
    return folder.rename(folder.parent / "模型 (final) v2")


def linked(folder: Path) -> Path:
    (folder.parent / "latest").symlink_to(folder)
    return folder.parent / "latest"


def cross_encoder(folder: Path) -> None:
    saved(folder, labels=1)
    edit(folder, sentence_transformers={"activation_fn": "torch.nn.modules.activation.Sigmoid", "version": "5.1.0"})
    beside(folder, "README.md", "modules.json")


def anew(name: str, **kinds: Any) -> Maker:
    def make(folder: Path) -> None:
        shutil.rmtree(folder)
        saved(folder, name, **kinds)

    return make


CONV = {"conv_kernel_size": 3, "conv_act": "gelu"}
FOLDERS: dict[str, Maker] = {
    "as save_pretrained leaves it": lambda folder: None,
    "Trainer's output": trainer,
    "a checkpoint of Trainer": checkpoint,
    "results with NaN": lambda f: beside(f, "eval_results.json", body=b'{"eval_loss": NaN, "eval_f1": 0.81}'),
    "downloaded with all formats": downloaded,
    "sharded": shard,
    "the hub's cache": cache,
    "the hub's cache, sharded": lambda f: cache(f, sharded=True),
    "peft, merged": peft_merged,
    "born in spaCy": spacy_born,
    "born in Keras": keras_born,
    "torch.compile": prefixed("_orig_mod."),
    "DistributedDataParallel": prefixed("module."),
    "torch.compile of DistributedDataParallel": prefixed("_orig_mod.module."),
    "half precision": stored_as(torch.float16),
    "bfloat16": stored_as(torch.bfloat16),
    "double precision": stored_as(torch.float64),
    "the head of pretraining left in": with_more(cls__predictions__bias=torch.zeros(7)),
    "positions as a buffer": with_more(bert__embeddings__position_ids=torch.arange(130)[None]),
    "norms as they were called in TensorFlow": lambda f: weights(f, old_norms),
    "a file without its format": without_format,
    "a configuration of version 2": old_config,
    "a configuration of version 4": config_of_4,
    "a vocabulary as a text file": old_tokenizer,
    "attention that was chosen": lambda f: edit(f, _attn_implementation_autoset=True, attn_implementation="sdpa"),
    "attention that is not installed": lambda f: edit(f, _attn_implementation="flash_attention_2"),
    "saved from a cache": caches_named,
    "no longest input": lambda f: edit(f, "tokenizer_config.json", model_max_length=10**30),
    "numbers as class names": lambda f: edit(f, id2label={"0": 0, "1": 1}, label2id={"0": 0, "1": 1}),
    "truth values as class names": lambda f: edit(f, id2label={"0": False, "1": True}),
    "class names in Chinese": lambda f: edit(
        f, id2label={"0": "差评", "1": "非常好"}, label2id={"差评": 0, "非常好": 1}
    ),
    "several labels": anew("bert", labels=3, problem="multi_label_classification"),
    "one label of its own": anew("bert", labels=1, problem="multi_label_classification"),
    "a regression": anew("bert", labels=1, problem="regression"),
    "a regression with three outputs": anew("bert", labels=3, problem="regression"),
    "a cross-encoder": cross_encoder,
    "a convolution in DeBERTa": anew("deberta-v2", **CONV),
    "layers that share their weights": anew("albert"),
    "a decoder with a slow rotation": anew("llama", rope_parameters={"rope_type": "default", "rope_theta": 5e7}),
    "a decoder whose weights are tied": anew("gpt2"),
    "a model card beside": lambda f: beside(f, "README.md", "LICENSE", "images/plot.png", "modeling_own.py"),
    "files for generation beside": lambda f: beside(f, "generation_config.json", body=b'{"auto_map": {"x": "y.Z"}}'),
    "a name with spaces": renamed,
    "a link to the folder": linked,
}
NOT_BY_TRANSFORMERS = ("torch.compile", "DistributedDataParallel", "attention that is not installed")  # as it stands


def by_transformers(folder: Path) -> np.ndarray[Any, Any]:
    network = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    takes = {} if "token_type_ids" in tokenizer.model_input_names else {"return_token_type_ids": False}
    with torch.inference_mode():
        found: np.ndarray[Any, Any] = network(**tokenizer(TEXT, return_tensors="pt", **takes)).logits.numpy()
    return found


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("ordinary") / "good")


@pytest.mark.parametrize("case", FOLDERS)
def test_ordinary_folders_predict_what_transformers_predicts(good: Path, tmp_path: Path, case: str) -> None:
    """To 1e-5; where transformers cannot read a folder as it stands, what the untouched one predicts."""
    folder = Path(shutil.copytree(good, tmp_path / "model"))
    place = FOLDERS[case](folder) or folder
    wanted = by_transformers(good if case.startswith(NOT_BY_TRANSFORMERS) else place)

    model = load_model(place)

    np.testing.assert_allclose(model.predict([model.encode(Question.about(text=TEXT))]), wanted, atol=1e-5)


def test_there_are_forty() -> None:
    """The list may only grow."""
    assert len(FOLDERS) >= 40


def test_the_hubs_cache_is_called_by_its_model(good: Path, tmp_path: Path) -> None:
    """Not by the hash of the snapshot."""
    assert check_folder(cache(Path(shutil.copytree(good, tmp_path / "model")))).id == "nice-model"


def test_the_hubs_cache_is_read_below_the_roots_alone(good: Path, tmp_path: Path) -> None:
    """The blobs must lie in a root as well; the reason names the folder to allow."""
    snapshot = cache(Path(shutil.copytree(good, tmp_path / "model")))

    assert check_folder(snapshot, roots=[snapshot.parent.parent]).labels == ("LABEL_0", "LABEL_1")
    with pytest.raises(BadModel, match=r"link to .*blobs, which lies outside .*allow the folder of the whole cache"):
        check_folder(snapshot, roots=[snapshot])


@pytest.mark.parametrize(
    "target", ["../../refs/main", "../../../other/blobs/1", "../../blobs/inner/1", "/etc/hostname"]
)
def test_only_blobs_of_the_same_cache_are_followed(good: Path, tmp_path: Path, target: str) -> None:
    """Any other link out of a snapshot is refused as from any folder."""
    snapshot = cache(Path(shutil.copytree(good, tmp_path / "model")))
    (snapshot / "config.json").unlink()
    (snapshot / "config.json").symlink_to(target)

    with pytest.raises(BadModel, match=r"config\.json is a link that leads out"):
        check_folder(snapshot)


@pytest.mark.parametrize(
    ("make", "cure"), [(trainer, "choose checkpoint-1000 in it"), (cache, "choose snapshots/86b5e0")]
)
def test_a_folder_around_a_model_names_the_one_in_it(good: Path, tmp_path: Path, make: Maker, cure: str) -> None:
    """A Trainer that saved only checkpoints, or the folder of a cache."""
    folder = Path(shutil.copytree(good, tmp_path / "model"))
    place = make(folder)
    around = folder if place is None else place.parent.parent
    (around / "config.json").unlink(missing_ok=True)

    with pytest.raises(BadModel, match=cure):
        check_folder(around)


def test_numbers_are_the_names_of_classes(good: Path, tmp_path: Path) -> None:
    """As text, in the order of the outputs."""
    folder = Path(shutil.copytree(good, tmp_path / "model"))
    edit(folder, id2label={"0": 5, "1": 1})

    assert check_folder(folder).labels == load_model(folder).labels == ("5", "1")


@pytest.mark.parametrize(
    ("labels", "problem", "head", "assumed"),
    [
        (1, None, "regression", ["one_output"]),
        (1, "regression", "regression", []),
        (1, "multi_label_classification", "multi", []),
        (3, None, "single", ["problem_unsaid"]),
        (3, "single_label_classification", "single", []),
        (3, "multi_label_classification", "multi", []),
        (3, "regression", "regression", []),
    ],
)
def test_the_head_is_read_once(tmp_path: Path, labels: int, problem: Any, head: str, assumed: list[str]) -> None:
    """The report before loading and the model agree, and say what the configuration left open."""
    folder = saved(tmp_path / "model", labels=labels, problem=problem)
    report, model = check_folder(folder), load_model(folder)

    assert report.head == model.head == head
    assert [notice.code for notice in report.assumed] == [notice.code for notice in model.assumed] == assumed


def test_a_single_label_of_one_output_is_refused(tmp_path: Path) -> None:
    """Its probability would always be 1."""
    folder = saved(tmp_path / "model", labels=1, problem="regression")
    edit(folder, problem_type="single_label_classification")

    with pytest.raises(BadModel, match="the head has one output, whose probability would always be 1"):
        check_folder(folder)


def test_what_is_known_of_an_embedded_model_is_not_assumed() -> None:
    """Its card says how it was trained."""
    model = load_model("sentiment")

    assert (model.head, model.assumed) == ("single", ())
