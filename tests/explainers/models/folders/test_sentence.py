"""Folders of sentence-transformers: what is followed, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explainers import BadModel, Question, check_folder, load_model
from explainers.models.similarity import SimilarityModel
from tests.tiny import tiny_comparing

FIRST, SECOND = "a good witty film", "the movie is bad"
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]
POOLING = {"word_embedding_dimension": 32, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
OPTIONS = {"prompts": {"query": "the film: "}, "default_prompt_name": None, "similarity_fn_name": "cosine"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoders") / "tiny-encoder"
    model = tiny_comparing("bert")
    model._network.module.save_pretrained(folder)
    model._tokenizer.save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    write(folder, "modules.json", MODULES)
    write(folder, "1_Pooling/config.json", POOLING)
    write(folder, "config_sentence_transformers.json", OPTIONS)
    write(folder, "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": False})
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "mine"))


def write(folder: Path, name: str, value: Any) -> None:
    (folder / name).write_text(json.dumps(value), encoding="utf-8")


def vector(model: SimilarityModel, text: str, *, pooling: str = "mean", unit: bool = True) -> np.ndarray:
    """As sentence-transformers documents it, with the module's own forward."""
    batch = model._tokenizer([text], return_tensors="pt")
    with torch.inference_mode():
        states = model._network.module(**batch).last_hidden_state[0].double()
    pooled = {"mean": states.mean(dim=0), "cls": states[0], "lasttoken": states[-1]}[pooling]
    made: np.ndarray = (pooled / pooled.norm() if unit else pooled).numpy()
    return made


def test_a_folder_says_how_its_vectors_are_made(folder: Path) -> None:
    """Pooling, normalisation, prompts and length, and its score is that of its own encoder."""
    model = load_model(folder)

    assert isinstance(model, SimilarityModel)
    assert (model.task, model.maximum_length, model.prompts) == ("similarity", 20, {"query": "the film: "})
    scores = model.predict([model.encode(Question.about(FIRST, SECOND))])
    assert scores[0, 0] == pytest.approx(vector(model, FIRST) @ vector(model, SECOND), abs=1e-6)
    asked = Question.about(FIRST, SECOND, outputs={"kind": "similarity", "prompt": "query"})
    wanted = vector(model, "the film: " + FIRST) @ vector(model, SECOND)
    assert model.predict([model.encode(asked)])[0, 0] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("pooling", "similarity", "modules", "unit"),
    [("cls", "cosine", 2, True), ("lasttoken", "dot", 2, False), ("cls", "dot", 3, True), ("mean", None, 2, True)],
)
def test_pooling_and_similarity_are_those_of_the_folder(
    folder: Path, pooling: str, similarity: str | None, modules: int, unit: bool
) -> None:
    """The older flags and the newer name alike; dot products keep the length of vectors unless they are normalised."""
    write(folder, "1_Pooling/config.json", {"word_embedding_dimension": 32, "pooling_mode": pooling})
    write(folder, "modules.json", MODULES[:modules])
    write(folder, "config_sentence_transformers.json", {**OPTIONS, "similarity_fn_name": similarity})
    model = load_model(folder)
    wanted = [vector(model, text, pooling=pooling, unit=unit) for text in (FIRST, SECOND)]

    assert isinstance(model, SimilarityModel)
    scores = model.predict([model.encode(Question.about(FIRST, SECOND))])
    assert scores[0, 0] == pytest.approx(wanted[0] @ wanted[1], rel=1e-5)


def test_what_makes_the_vectors_is_in_the_digest(folder: Path) -> None:
    """Another pooling is another model."""
    before = load_model(folder).digest
    flags = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    write(folder, "1_Pooling/config.json", {"word_embedding_dimension": 32, **flags})

    assert load_model(folder).digest != before


@pytest.mark.parametrize(
    ("file", "value", "message"),
    [
        ("modules.json", {"modules": []}, "must hold a list of modules"),
        ("modules.json", [{**MODULES[0], "type": "mine.Own"}, *MODULES[1:]], "'mine.Own' is no module of sentence-tr"),
        (
            "modules.json",
            [*MODULES[:2], {**MODULES[2], "type": "sentence_transformers.models.Dense"}],
            "Pooling, Dense",
        ),
        ("modules.json", [{**MODULES[0], "path": "0_Transformer"}, *MODULES[1:]], "lies in '0_Transformer'"),
        ("modules.json", [MODULES[0], {**MODULES[1], "path": "../1_Pooling"}], "is no folder within this one"),
        ("modules.json", [MODULES[0], {**MODULES[1], "path": "2_Pooling"}], "2_Pooling/config.json, which tells"),
        ("modules.json", [{**MODULES[0], "auto_map": {"x": "y"}}, *MODULES[1:]], "could make other code run"),
        ("1_Pooling/config.json", {**POOLING, "pooling_mode_cls_token": True}, "the pooling is cls, mean; exactly one"),
        ("1_Pooling/config.json", {**POOLING, "pooling_mode_mean_tokens": False}, "the pooling is nothing"),
        ("1_Pooling/config.json", {**POOLING, "pooling_mode": "attention"}, "the pooling is attention"),
        ("1_Pooling/config.json", {**POOLING, "word_embedding_dimension": 64}, "is not the encoder's hidden_size, 32"),
        ("1_Pooling/config.json", {**POOLING, "include_prompt": False}, "include_prompt is false"),
        ("sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": True}, "do_lower_case is true"),
        ("sentence_bert_config.json", {"max_seq_length": "20"}, "max_seq_length is 20; it must be a number"),
        ("sentence_bert_config.json", {"max_seq_length": 4}, "reads at most 4 tokens"),
        ("config_sentence_transformers.json", {"similarity_fn_name": "euclidean"}, "cosine and dot are inner products"),
        ("config_sentence_transformers.json", {"prompts": {"query": 3}}, "the prompt 'query' must be a text"),
        ("config_sentence_transformers.json", {"default_prompt_name": "q"}, "'q', which prompts does not name"),
        ("config_sentence_transformers.json", {"auto_map": {"x": "y"}}, "could make other code run"),
    ],
)
def test_what_is_not_followed_is_refused(folder: Path, file: str, value: Any, message: str) -> None:
    """With the file, the value and what is allowed: the numbers would be those of another encoder."""
    write(folder, file, value)

    with pytest.raises(BadModel, match=message):
        load_model(folder)


def test_a_pooling_behind_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """As for every other file that decides the numbers."""
    (tmp_path / "elsewhere.json").write_text(json.dumps(POOLING), encoding="utf-8")
    (folder / "1_Pooling" / "config.json").unlink()
    (folder / "1_Pooling" / "config.json").symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(BadModel, match="leads out of the folder"):
        check_folder(folder)


def test_the_embedded_encoder_is_the_base_as_it_is() -> None:
    """all-MiniLM-L6-v2: the mean of the states, length 1, at most 256 tokens, no prompts; like texts are near."""
    model = load_model("similarity")
    texts = ("How do I reset my password?", "Changing login credentials", "The cat sat on the mat.")
    near, far = (model.predict([model.encode(Question.about(texts[0], each))])[0, 0] for each in texts[1:])

    assert isinstance(model, SimilarityModel)
    assert (model.id, model.maximum_length, model.prompts, model.device) == ("similarity", 256, {}, "cpu")
    assert near == pytest.approx(vector(model, texts[0]) @ vector(model, texts[1]), abs=1e-6)
    assert near > 0.4 > 0.2 > far
