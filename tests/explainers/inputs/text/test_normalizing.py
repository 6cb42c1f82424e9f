"""A tokenizer cannot be made to blow a text up until it fills the memory."""

from __future__ import annotations

import base64
import json
import resource
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, normalizers

from explainers.contract import Question
from explainers.errors import BadInput, BadModel
from explainers.inputs.text.normalizing import ALWAYS, MOST_TIMES, refuse_growth, refuse_long
from explainers.models import check_folder, load_model
from tests.tiny import network_for, tiny, tokenizer_for

DOUBLE = {"type": "Replace", "pattern": {"String": "z"}, "content": "zz"}


def sequence(*steps: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": list(steps)}


def charsmap(*pieces: str) -> str:
    """A sentencepiece map: the length of its trie, the trie, the replacements."""
    held = b"".join(piece.encode() + b"\0" for piece in pieces)
    return base64.b64encode(struct.pack("<I", 8) + bytes(8) + held).decode()


HOSTILE: dict[str, dict[str, Any]] = {
    "a z doubled 34 times": {"normalizer": sequence(*[DOUBLE] * 34)},
    "doubled in nested lists": {"normalizer": sequence(*[sequence(*[DOUBLE] * 6)] * 6)},
    "doubled by a pattern": {"normalizer": sequence(*[{**DOUBLE, "pattern": {"Regex": "(?=z)"}}] * 34)},
    "a long replacement": {"normalizer": {**DOUBLE, "content": "z" * 100_000}},
    "a long prefix": {"normalizer": {"type": "Prepend", "prepend": "z" * 100_000}},
    "a long entry of a character map": {
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap("ok", "z" * 100_000)}
    },
    "bytes of bytes": {"normalizer": sequence(*[{"type": "ByteLevel"}] * 34)},
    "ten thousand steps": {"normalizer": sequence(*[{"type": "NFC"}] * 10_000)},
    "a template that repeats": {
        "post_processor": {
            "type": "Sequence",
            "processors": [
                {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 1000, "pair": []}
            ],
        }
    },
    "a special token of many ids": {
        "post_processor": {
            "type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {"[CLS]": {"ids": [1] * 1000}},
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("tokenizer", HOSTILE.values(), ids=list(HOSTILE))
def test_a_tokenizer_that_could_blow_a_text_up_is_refused(tokenizer: dict[str, Any]) -> None:
    """Before a text is given to it, with the place in the file."""
    with pytest.raises(BadModel, match=r"tokenizer\.json"):
        refuse_growth(tokenizer)


@pytest.mark.parametrize("name", ["bert", "roberta", "albert", "llama", "deberta-v2", "xlm-roberta"])
def test_sound_tokenizers_pass(name: str) -> None:
    """Those of the supported architectures, and their texts."""
    backend = tokenizer_for(name).backend_tokenizer

    refuse_growth(json.loads(backend.to_str()))
    refuse_long(backend.normalizer, "\ufdfa ﬃ Ω ẛ̣ 好 " * 100)


def test_a_hostile_folder_is_refused_before_anything_grows(tmp_path: Path) -> None:
    """Its single trial text would have been 17 GB."""
    tokenizer = tokenizer_for("bert")
    network_for("bert", tokenizer).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "normalizer": sequence(*[DOUBLE] * 34)}))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadModel, match="characters of one"):
        check_folder(tmp_path)
    with pytest.raises(BadModel, match="characters of one"):
        load_model(tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # KiB


@pytest.mark.parametrize(
    "step",
    [normalizers.Replace("z", "z" * 60), normalizers.Replace(Regex("(?=z)"), "z" * 60)],
    ids=["characters", "between characters"],
)
def test_a_text_that_grows_is_refused_by_its_name(step: Any) -> None:
    """What a folder may do to some texts is refused for those: the others are read."""
    normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Sequence([step, step, step])])

    refuse_long(normalizer, "a good film " * 1000)
    with pytest.raises(BadInput, match=f"over {MOST_TIMES * 12_000 + ALWAYS:,} characters of the 12,000 of the pair"):
        refuse_long(normalizer, "a good film z"[-12:] * 1000, "pair")


def test_a_model_follows_the_texts_it_is_asked_about() -> None:
    """Alone and among many, also in the second text."""
    model = tiny("bert")
    backend = model._encoder.tokenizer.backend_tokenizer
    before = backend.normalizer
    backend.normalizer = normalizers.Sequence([before, *[normalizers.Replace("z", "zz")] * 20])
    try:
        model.encode(Question.about(text="a good film"))
        with pytest.raises(BadInput, match="makes over"):
            model.encode(Question.about(text="a pizza"))
        with pytest.raises(BadInput, match="second text"):
            model.encode(Question.about(text="a good film", text_pair="a pizza"))
        with pytest.raises(BadInput, match="text 2 of the list"):
            model.scores(["a good film", "a pizza"])
    finally:
        backend.normalizer = before
