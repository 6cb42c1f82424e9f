"""Folders that may not be loaded are refused with the file and the reason, and nothing in them runs."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from explainers.contract import Question
from explainers.errors import BadModel
from explainers.models import check_folder, load_model
from explainers.models.architectures import MODEL_TYPES
from explainers.models.folders.contents import WHOLE_AGAIN
from explainers.models.folders.folder import model_id
from tests.permissions import modes_count
from tests.tiny import ARCHITECTURES, network_for, tiny, tokenizer_for

TEXT = "Don't you, co-worker, pay 3.5? 这部电影很好看"


def saved(name: str, folder: Path, *, labels: int = 2, problem: str | None = None) -> Path:
    tokenizer = tokenizer_for(name)
    network_for(name, tokenizer, labels=labels, problem=problem).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("bert", tmp_path_factory.mktemp("models") / "good")


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "model"))


def edit(folder: Path, file: str = "config.json", **fields: Any) -> None:
    path = folder / file
    held = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**held, **fields}))


def weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    held = load_file(folder / "model.safetensors")
    change(held)
    save_file(held, folder / "model.safetensors", metadata={"format": "pt"})


def link_out(folder: Path, name: str) -> None:
    outside = folder.parent / f"outside-{name}"
    shutil.move(folder / name, outside)
    (folder / name).symlink_to(outside)


def as_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": [0.0]}))


def with_index(folder: Path, shard: str) -> None:
    table = dict.fromkeys(load_file(folder / "model.safetensors"), shard)
    shutil.move(folder / "model.safetensors", folder.parent / "elsewhere.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": table}))


def header(folder: Path, entry: dict[str, Any]) -> None:
    held = json.dumps({"bert.pooler.dense.weight": entry}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(held)) + held + bytes(64))


def deep(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 100_000 + "1" + "}" * 100_000)


def renamed_head(held: dict[str, torch.Tensor]) -> None:
    held["other.weight"] = held.pop("classifier.weight")


def third_row(held: dict[str, torch.Tensor]) -> None:
    held["classifier.weight"] = torch.zeros(3, 32)
    held["classifier.bias"] = torch.zeros(3)


def not_a_number(held: dict[str, torch.Tensor]) -> None:
    held["classifier.weight"] = torch.full_like(held["classifier.weight"], float("nan"))


def other_shape(held: dict[str, torch.Tensor]) -> None:
    held["bert.pooler.dense.weight"] = torch.zeros(32, 31)


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "pickle weights": (as_pickle, "pytorch_model.bin can hold pickled"),
    "auto_map": (lambda f: edit(f, auto_map={"AutoModel": "modeling.Evil"}), "config.json: auto_map"),
    "auto_map nested": (lambda f: edit(f, task_specific_params={"a": [{"auto_map": {}}]}), r"a\[0\]\.auto_map"),
    "auto_map of the tokenizer": (
        lambda f: edit(f, "tokenizer_config.json", auto_map={"AutoTokenizer": ["x.Y", None]}),
        "tokenizer_config.json: auto_map",
    ),
    "auto_mapping": (lambda f: edit(f, auto_mapping={"base_model_class": "Evil"}), "auto_mapping"),
    "trust_remote_code": (lambda f: edit(f, trust_remote_code=True), "trust_remote_code"),
    "attention implementation": (lambda f: edit(f, attn_implementation="evil/kernel"), "attn_implementation"),
    "attention implementation, private": (
        lambda f: edit(f, _attn_implementation_internal="evil/kernel"),
        "_attn_implementation_internal",
    ),
    "experts implementation": (lambda f: edit(f, _experts_implementation_internal="x"), "_experts_implementation"),
    "attention implementation of a part": (
        lambda f: edit(f, text_config={"_attn_implementation": "evil/kernel"}),
        r"text_config\._attn_implementation",
    ),
    "kernel": (lambda f: edit(f, use_hub_kernels="evil/kernel"), "use_hub_kernels"),
    "custom pipelines": (lambda f: edit(f, custom_pipelines={"x": {"impl": "x.Y"}}), "custom_pipelines"),
    "quantisation": (lambda f: edit(f, quantization_config={"quant_method": "x"}), "quantization_config"),
    "repository reference": (lambda f: edit(f, tokenizer_class="evil/repo--module.Class"), "refers to another place"),
    "address": (lambda f: edit(f, _name_or_path="https://example.org/model"), "refers to another place"),
    "address in a tokenizer": (
        lambda f: edit(f, "special_tokens_map.json", anything={"at": "file:///etc/passwd"}),
        "special_tokens_map.json: anything.at",
    ),
    "code field of an adapter beside": (
        lambda f: edit(f, "adapter_config.json", auto_mapping={"parent_library": "os"}),
        "adapter_config.json: auto_mapping",
    ),
    "adapter beside the model": (lambda f: edit(f, "adapter_config.json", r=1), "both a model and an adapter"),
    "link out, weights": (lambda f: link_out(f, "model.safetensors"), "model.safetensors is a link that leads out"),
    "link out, configuration": (lambda f: link_out(f, "config.json"), "config.json is a link that leads out"),
    "broken link": (
        lambda f: (f / "special_tokens_map.json").symlink_to("missing"),
        "special_tokens_map.json is not a regular file",
    ),
    "pipe": (lambda f: os.mkfifo(f / "adapter_config.json"), "adapter_config.json is not a regular file"),
    "shard outside": (lambda f: with_index(f, "../elsewhere.safetensors"), "must be a plain name"),
    "shard with an absolute name": (lambda f: with_index(f, "/tmp/x.safetensors"), "must be a plain name"),
    "shard of pickles": (lambda f: with_index(f, "pytorch_model-1.bin"), "must be a plain name"),
    "shard missing": (lambda f: with_index(f, "model-1.safetensors"), "which is missing"),
    "no configuration": (lambda f: (f / "config.json").unlink(), "config.json is missing"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
    "configuration is no JSON": (lambda f: (f / "config.json").write_text("{"), "config.json is not valid JSON"),
    "configuration is no UTF-8": (lambda f: (f / "config.json").write_bytes(b"\xff{}"), "not valid JSON"),
    "configuration is a list": (lambda f: (f / "config.json").write_text("[]"), "must hold a JSON object"),
    "configuration has NaN": (lambda f: edit(f, layer_norm_eps=float("nan")), "NaN is no JSON number"),
    "configuration too deep": (deep, "not valid JSON"),
    "configuration too large": (lambda f: edit(f, x="y" * 17_000_000), "at most"),
    "unknown architecture": (lambda f: edit(f, model_type="evil"), "model_type 'evil' is not supported"),
    "no architecture": (lambda f: edit(f, model_type=None), "model_type None is not supported"),
    "a billion layers": (lambda f: edit(f, num_hidden_layers=10**9), "num_hidden_layers is 1000000000"),
    "a billion words": (lambda f: edit(f, vocab_size=10**12), "vocab_size is"),
    "more layers than weights": (lambda f: edit(f, num_hidden_layers=100), "describes .* parameters"),
    "no heads": (lambda f: edit(f, num_attention_heads=0), "cannot be loaded"),
    "wrong label count": (
        lambda f: edit(f, id2label={"0": "a", "1": "b", "2": "c"}),
        "has 2 outputs, but config.json names 3 labels",
    ),
    "wrong label count, weights": (lambda f: weights(f, third_row), "has 3 outputs, but config.json names 2 labels"),
    "labels out of order": (lambda f: edit(f, id2label={"0": "a", "7": "b"}), "numbered 0, 1, 2"),
    "labels twice": (lambda f: edit(f, id2label={"0": "a", "1": "a"}), "distinct names"),
    "labels as lists": (lambda f: edit(f, id2label={"0": [1], "1": [2]}), "distinct names"),
    "labels as equal numbers": (lambda f: edit(f, id2label={"0": 1, "1": "1"}), "distinct names"),
    "a kernel with a name": (lambda f: edit(f, conv_kernel_size="evil/kernel"), "conv_kernel_size could make"),
    "kernels switched on": (lambda f: edit(f, use_kernels=True), "use_kernels could make"),
    "another problem": (lambda f: edit(f, problem_type="ranking"), "problem_type is 'ranking'; it must be one of"),
    "no labels": (lambda f: edit(f, id2label={}), "id2label must name"),
    "no classification head": (lambda f: weights(f, renamed_head), "no classification head"),
    "missing weights": (lambda f: weights(f, lambda w: w.pop("bert.pooler.dense.bias")), "lack .*pooler.dense.bias"),
    "weights of another shape": (lambda f: weights(f, other_shape), "cannot be loaded|lack"),
    "weights that are NaN": (lambda f: weights(f, not_a_number), "classifier.weight holds NaN"),
    "weights cut short": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-100]),
        "beyond the end of the file",
    ),
    "weights empty": (lambda f: (f / "model.safetensors").write_bytes(b""), "cut short"),
    "weights with a huge header": (
        lambda f: (f / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}"),
        "cut short",
    ),
    "weights that are no safetensors": (lambda f: (f / "model.safetensors").write_bytes(b"x" * 4096), "damaged"),
    "weights in eight bits": (
        lambda f: header(f, {"dtype": "I8", "shape": [8, 8], "data_offsets": [0, 64]}),
        "weights of type 'I8'",
    ),
    "weights beyond the file": (
        lambda f: header(f, {"dtype": "F32", "shape": [9, 9], "data_offsets": [0, 324]}),
        "beyond the end of the file",
    ),
    "tokenizer is damaged": (lambda f: (f / "tokenizer.json").write_text("{}"), "no fast tokenizer"),
    "tokenizer of nonsense": (
        lambda f: (f / "tokenizer.json").write_text('{"model": {"type": "Evil"}}'),
        "cannot be loaded",
    ),
    "tokenizer that panics": (
        lambda f: edit(f, "tokenizer.json", normalizer={"type": "Precompiled", "precompiled_charsmap": ""}),
        "cannot be loaded: PanicException",
    ),
    "tokenizer that cuts everything": (
        lambda f: edit(f, "tokenizer_config.json", model_max_length=1),
        "at most 1 tokens",
    ),
    "tokenizer that drops everything": (
        lambda f: edit(
            f,
            "tokenizer.json",
            normalizer={"type": "Replace", "pattern": {"Regex": "."}, "content": ""},
        ),
        "leaves nothing of",
    ),
    "tokenizer larger than the model": (
        lambda f: shutil.copy(saved("roberta", f.parent / "other") / "tokenizer.json", f),
        "but the model has",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_and_broken_folders_are_refused_with_the_reason(folder: Path, case: str) -> None:
    """Each kind of folder gets BadModel, whose message names the file or field."""
    spoil, reason = HOSTILE[case]
    spoil(folder)

    with pytest.raises(BadModel, match=reason):
        load_model(folder)


FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
TROUBLE = " ".join((Path(__file__).parents[4] / "docs" / "trouble.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["cut short", "of no bytes", "overwritten", "overwritten behind its half"])
def test_a_damaged_file_is_named_with_its_cure(folder: Path, name: str, how: str) -> None:
    """In one sentence, whichever file it is and wherever it is damaged."""
    held = (folder / name).read_bytes()
    half = len(held) // 2
    damaged = {"cut short": held[:half], "of no bytes": b"", "overwritten": (b"\xff\x00no\n=" * half)[: len(held)]}
    (folder / name).write_bytes(damaged.get(how, held[:half] + b"\xff" * (len(held) - half)))
    with pytest.raises(BadModel) as raised:
        load_model(folder)
    said = str(raised.value)

    assert name in said or (name == "model.safetensors" and "holds NaN or infinity" in said)
    assert said.endswith(f": {WHOLE_AGAIN}")
    assert said.count("\n") == 0
    assert WHOLE_AGAIN in TROUBLE


def test_a_folder_may_be_read_only_and_has_to_be_readable(folder: Path) -> None:
    """Nothing is written into it; who may not read a file is told which, and who has to change that."""
    cure = "let the user that runs Whence"
    for path in (*folder.iterdir(), folder):
        path.chmod(0o400 if path.is_file() else 0o500)
    with modes_count():
        assert load_model(folder).labels == ("LABEL_0", "LABEL_1")
        for name in FILES:
            (folder / name).chmod(0)
            with pytest.raises(BadModel, match=f"^{name} cannot be read .*: {cure}"):
                check_folder(folder)
            (folder / name).chmod(0o400)
    folder.chmod(0o700)

    assert f"{cure} read the folder" in TROUBLE


NEWER: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an architecture of tomorrow": (lambda f: edit(f, model_type="bert7"), "model_type 'bert7' is not supported"),
    "weights of a new type": (
        lambda f: header(f, {"dtype": "F8_E9M9", "shape": [8, 8], "data_offsets": [0, 64]}), "save the model in plain",
    ),
    "a tokenizer of tomorrow": (
        lambda f: edit(f, "tokenizer.json", model={"type": "T"}), "by transformers 99.1.0, .* update Whence$",
    ),
    "a configuration of tomorrow": (
        lambda f: edit(f, hidden_act={"of": "tomorrow"}), "by transformers 99.1.0, .* update Whence$",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NEWER)
def test_a_folder_of_a_newer_version_is_told_so(folder: Path, case: str) -> None:
    """What is not known here may be sound: the cure is a newer version, or to save the model in another form."""
    spoil, reason = NEWER[case]
    edit(folder, transformers_version="99.1.0")
    spoil(folder)
    with pytest.raises(BadModel, match=reason):
        load_model(folder)


def unreadable(path: Path) -> None:
    """A pipe without a writer: whoever opens it waits for ever."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


BESIDE = (
    "pytorch_model.bin",
    "tf_model.h5",
    "flax_model.msgpack",
    "vectors.npy",
    "generation_config.json",
    "eval_results.json",
    "all_results.json",
    "trainer_state.json",
    "training_args.bin",
    "optimizer.pt",
    "README.md",
    "vocab/lookups.bin",
    "checkpoint-500/pytorch_model.bin",
    "checkpoint-500/config.json",
    "modeling_custom.py",
)


def test_what_lies_beside_the_model_is_never_opened(folder: Path) -> None:
    """Weights in other formats, results and checkpoints are neither read nor judged: the model is loaded."""
    for name in BESIDE:
        unreadable(folder / name)
    (folder / "dangling.json").symlink_to("missing")
    (folder / "outside.bin").symlink_to("/etc/hostname")

    assert load_model(folder).labels == ("LABEL_0", "LABEL_1")


def test_the_untouched_folder_is_loaded(folder: Path) -> None:
    """Without the damage the same folder predicts as the network that was saved."""
    found = load_model(folder)
    question = Question.about(text=TEXT)

    np.testing.assert_allclose(
        found.predict([found.encode(question)]), tiny("bert").predict([tiny("bert").encode(question)]), atol=1e-6
    )
    assert found.id == "model"


def test_pickles_are_never_opened(folder: Path, tmp_path: Path) -> None:
    """A pickle that would make a file when read is refused, and the file is not there."""
    made = tmp_path / "made"

    class Evil:
        def __reduce__(self) -> Any:
            return (os.mkdir, (str(made),))

    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadModel):
        load_model(folder)

    assert not made.exists()


def test_only_folders_below_the_roots_are_loaded(folder: Path, tmp_path: Path) -> None:
    """A path outside, and a link inside a root that leads out of it, are refused."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(folder)

    assert check_folder(folder, roots=[tmp_path]).id == "model"
    for path in (folder, root / "link", root / ".." / "model"):
        with pytest.raises(BadModel, match="outside the folders"):
            check_folder(path, roots=[root])


@pytest.mark.parametrize("path", ["/nowhere/at-all", "a\0b", "/etc/hostname"])
def test_paths_that_are_no_folder_are_refused(path: str) -> None:
    """A missing path, an impossible one and a file are refused, not crashed on."""
    with pytest.raises(BadModel):
        check_folder(path)


def test_an_unknown_name_names_the_embedded_models() -> None:
    """A word that is neither a folder nor an embedded model gets the list of names."""
    with pytest.raises(BadModel, match="toxicity"):
        load_model("no-such-model")


def test_fields_that_libraries_write_themselves_are_no_harm(folder: Path) -> None:
    """transformers 4.46 to 4.55 marked configurations with _attn_implementation_autoset."""
    edit(folder, _attn_implementation_autoset=True, output_attentions=True, torch_dtype="float16")

    found = load_model(folder)

    assert found._network.module.dtype == torch.float32
    assert found._network.module.config._attn_implementation == "sdpa"


def test_sharded_weights_are_loaded(folder: Path) -> None:
    """Plain shard names with an index give the same predictions as one file."""
    held = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(held)
    table = {n: f"model-0000{1 + (i % 2)}-of-00002.safetensors" for i, n in enumerate(names)}
    for shard in set(table.values()):
        save_file({n: held[n] for n in names if table[n] == shard}, folder / shard, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": table}))

    found = load_model(folder)
    question = Question.about(text=TEXT)

    np.testing.assert_allclose(
        found.predict([found.encode(question)]), tiny("bert").predict([tiny("bert").encode(question)]), atol=1e-6
    )


def test_every_allowed_architecture_is_built_in_the_tests() -> None:
    """The list of model types and the small models of the tests are the same."""
    assert set(ARCHITECTURES) == MODEL_TYPES


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_loaded_from_its_folder(name: str, tmp_path: Path) -> None:
    """Saved and loaded, it predicts as before; the report knows labels and head without torch."""
    folder = saved(name, tmp_path / name, labels=3, problem="multi_label_classification")
    before = tiny(name, labels=3, problem="multi_label_classification")
    question = Question.about(text=TEXT)

    found, report = load_model(folder), check_folder(folder)

    assert (report.head, report.labels, report.kind) == ("multi", found.labels, "model")
    assert found.head == "multi"
    np.testing.assert_allclose(
        found.predict([found.encode(question)]), before.predict([before.encode(question)]), atol=1e-6
    )


def test_the_digest_follows_the_files(folder: Path) -> None:
    """Equal files give the equal digest; another label, word or weight gives another."""
    first = load_model(folder).digest
    again = load_model(folder).digest
    edit(folder, id2label={"0": "no", "1": "yes"}, label2id={"no": 0, "yes": 1})

    assert first == again
    assert load_model(folder).digest != first


def test_loading_leaves_the_random_state(folder: Path) -> None:
    """Weights are read, not drawn: the caller's random numbers go on as if nothing had happened."""
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    load_model(folder)

    assert torch.equal(before, torch.random.get_rng_state())


def test_loading_changes_nothing_in_the_folder(folder: Path) -> None:
    """The files are as they were, and no further file was written."""
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    load_model(folder)

    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


@pytest.mark.parametrize(("name", "wanted"), [("my model", "my-model"), ("电影", "model"), ("a.b_c-d", "a.b_c-d")])
def test_model_ids_are_fit_for_addresses(name: str, wanted: str) -> None:
    """Only letters, digits, '.', '_' and '-' are kept of a folder's name."""
    assert model_id(Path("/x") / name) == wanted
