"""A prompt as a classifier: its numbers against plain passes of the language model, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explainers import BadInput, BadModel, Message, PromptInput, Question, build, load_model, runner
from explainers.models import check_folder, model_id
from explainers.models.prompts.making import classifier_of
from explainers.models.prompts.recipe import Recipe
from tests.explainers.models.folders.test_language_folders import saved
from tests.tiny import CHAT, tiny_chat, tiny_continuing

TEXT = "a gorgeous, witty film but never good"
ASKED: dict[str, Any] = {
    "base": "base",
    "template": "the movie: {text}\ngood?",
    "classes": {"negative": "bad and dull", "positive": "good and witty film"},
    "length_normalised": False,
    "calibrated": False,
}
EXAMPLES = ({"text": "a clumsy film", "class": "negative"},)


def prompt(base: Any = None, **changed: Any) -> Any:
    return classifier_of(Recipe.model_validate(ASKED | changed), base or tiny_chat("qwen2"), id="asked")


def plain(base: Any, prompt: str, phrase: str) -> np.ndarray:
    """(tokens,) log-probabilities of a phrase after a rendered prompt, by the module's own call."""
    before = base.tokenizer.backend_tokenizer.encode(prompt, add_special_tokens=False).ids
    said = base.tokenizer(phrase, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = base.module(input_ids=torch.tensor([before + said])).logits[0, len(before) - 1 : -1]
    odds = logits.double().log_softmax(dim=-1)
    return odds[range(len(said)), said].numpy()


def question(text: str) -> str:
    return ASKED["template"].replace("{text}", text)


def told(model: Any, text: str) -> np.ndarray:
    return np.array(runner.predict(model, [Question.about(text)])[0].logits)


@pytest.mark.parametrize("name", ["qwen2", "llama", "gpt2"])
def test_the_columns_are_the_log_probabilities_of_the_phrases(name: str) -> None:
    """In the chat template with an example, and as a plain text; to 1e-5."""
    base, more = tiny_chat(name), {"examples": EXAMPLES}
    said: list[Message] = []
    for example in EXAMPLES:
        said += [
            Message(role="user", text=question(example["text"])),
            Message(role="assistant", text=ASKED["classes"][example["class"]]),
        ]
    model = prompt(base, **more)
    rendered = base._prompts.reader.read(conversation(said)).text

    wanted = [plain(base, rendered, phrase).sum() for phrase in ASKED["classes"].values()]
    assert told(model, TEXT) == pytest.approx(wanted, abs=1e-5)
    assert model.labels == ("negative", "positive")

    text = question(TEXT)
    flat = prompt(tiny_continuing(name), chat=False)
    bos = base.tokenizer.bos_token if base.tokenizer("a")["input_ids"][0] == base.tokenizer.bos_token_id else ""
    wanted = [plain(base, bos + text, phrase).sum() for phrase in ASKED["classes"].values()]
    assert told(flat, TEXT) == pytest.approx(wanted, abs=1e-5)


def conversation(said: list[Message]) -> PromptInput:
    return PromptInput(messages=(*said, Message(role="user", text=question(TEXT))))


def test_length_and_an_empty_text_are_taken_off_as_declared() -> None:
    """Divided by the tokens of each phrase; less what the same question gives without a text."""
    base = tiny_chat("qwen2")
    raw, normal, calibrated, both = (
        told(prompt(base, length_normalised=length, calibrated=empty), TEXT)
        for length, empty in ((False, False), (True, False), (False, True), (True, True))
    )
    lengths = [len(base.tokenizer(p, add_special_tokens=False)["input_ids"]) for p in ASKED["classes"].values()]
    empty = [
        plain(base, base._prompts.reader.read(PromptInput.of(question(""))).text, phrase).sum()
        for phrase in ASKED["classes"].values()
    ]

    assert lengths[0] != lengths[1]
    assert normal == pytest.approx(raw / lengths, abs=1e-6)
    assert calibrated == pytest.approx(raw - empty, abs=1e-5)
    assert both == pytest.approx((raw - empty) / lengths, abs=1e-5)


def test_many_texts_a_pass_are_what_each_is_alone() -> None:
    """Texts of all lengths, in any order, some of them twice; the places between are seen by nobody."""
    model = prompt(examples=EXAMPLES, calibrated=True)
    texts = [
        TEXT,
        "good",
        "the film is bad",
        "good",
        "it was not the dull movie but a funny one",
        "a",
        "witty and dull",
    ]

    found = model.scores(texts)

    assert found == pytest.approx(np.array([told(model, text) for text in texts]), abs=1e-4)
    with pytest.raises(BadInput, match="text 2 of the list"):
        model.scores(["good", " "])


@pytest.mark.parametrize("method", ["shap", "leave-one-out", "integrated-gradients", "lime"])
def test_the_players_are_the_words_of_the_text(method: str) -> None:
    """The prompt and its examples stay; what is given to a class is taken from the other, and it adds up."""
    found = runner.explain(prompt(examples=EXAMPLES), Question.about("good but dull film"), build(method))

    assert [feature.text for feature in found.features] == ["good", "but", "dull", "film"]
    assert [(feature.start, feature.end) for feature in found.features][2] == (9, 13)
    assert found.scores[0] == pytest.approx(-found.scores[1], abs=1e-6)
    assert abs(found.scores).max() > 1e-3
    if method == "shap":
        assert found.residual == pytest.approx(np.zeros(2), abs=1e-6)


def test_a_text_is_left_out_of_its_prompt() -> None:
    """Deleted: the class that the question gets around no words at all, by the module's own pass."""
    base = tiny_chat("qwen2")
    model = prompt(base)
    inputs = model.encode(Question.about("good but dull film", baseline="deleted"))
    none = model.outputs(inputs, np.zeros((5, 4), dtype=bool))[0]
    ids = torch.from_numpy(inputs.held.ids[inputs.owner < 0])
    for number, phrase in enumerate(ASKED["classes"].values()):
        said = torch.tensor(base.tokenizer(phrase, add_special_tokens=False)["input_ids"])
        with torch.inference_mode():
            logits = base.module(input_ids=torch.cat([ids, said])[None]).logits[0, len(ids) - 1 : -1]
        odds = logits.double().log_softmax(dim=-1).gather(-1, said[:, None]).sum()
        assert none[number] == pytest.approx(float(odds), abs=1e-4)


def test_what_a_reader_types_is_text() -> None:
    """A control token, and {text} itself, are words like any other; nothing ends the question early."""
    base = tiny_chat("qwen2")
    model = prompt(base)
    typed = model.encode(Question.about(f"good {base.tokenizer.eos_token} film {{text}}"))

    control = set(base.tokenizer.added_tokens_decoder)
    assert not control & set(typed.held.ids[typed.owner >= 0].tolist())
    assert "".join(feature.text for feature in typed.features).endswith("{text}")


TOML = """
base = "base"
template = "the movie: {text} is it good?"
length_normalised = false
calibrated = true
[classes]
bad = "bad"
good = "good film"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    saved(place / "base", "qwen2", template=CHAT)
    saved(place / "sees two", "bart")
    (place / "asked.toml").write_text(TOML)
    return place


def test_a_file_is_a_model_like_a_folder(folder: Path, tmp_path: Path) -> None:
    """It is checked without torch and loaded by its path; its digest knows all that decides, and nothing else."""
    path = folder / "asked.toml"
    report = check_folder(path, roots=[folder])
    model = load_model(path)
    (folder / "told.toml").write_text(f'title = "Told"\n{TOML}')
    (folder / "other.toml").write_text(TOML.replace("film", "movie"))

    assert (report.kind, report.labels, report.task) == ("prompt", ("bad", "good"), "text")
    assert (model.id, model.labels, model_id(path)) == ("asked", ("bad", "good"), "asked")
    assert model.digest == load_model(folder / "told.toml").digest != load_model(folder / "other.toml").digest
    assert load_model(folder / "told.toml").card["prompt"]["classes"] == {"bad": "bad", "good": "good film"}
    with pytest.raises(BadModel, match="outside the folders"):
        check_folder(path, roots=[tmp_path])


def test_two_prompts_on_one_base_share_its_weights(folder: Path) -> None:
    (folder / "second.toml").write_text(TOML.replace("film", "movie"))
    first, second = load_model(folder / "asked.toml"), load_model(folder / "second.toml")

    assert first._network.module is second._network.module


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{text}", "text", r"template: \{text\} must stand in it once.*0 times"),
        ("{text}", "{text} {text}", r"stands there 2 times"),
        ('"good film"', '"bad film"', "'bad' of 'bad' begins the phrase 'bad film' of 'good'"),
        ('"good film"', '" bad"', "begins the phrase"),
        ('good = "good film"', "", "1 classes are named; a prompt chooses among 2"),
        ('"good film"', '" "', "visible characters"),
        (
            'base = "base"',
            'base = "HuggingFaceTB/SmolLM2"',
            r"base 'HuggingFaceTB/SmolLM2' is neither a model \(smollm2\)",
        ),
        ('base = "base"', 'base = "sees two"', "no language model that goes on"),
        ('base = "base"', "", 'base is missing; name a language model: base = "smollm2"'),
        ("calibrated = true", "", "calibrated is missing; say true"),
        ("calibrated = true", "calibrated = true\nexamples = []", "examples: there are 0: give 1 to 64"),
        (
            "calibrated = true",
            'calibrated = true\nexamples = [{text = "a", class = "fine"}]',
            "class 'fine'; there are",
        ),
        ("calibrated = true", "calibrated = true\ntemperature = 1", "temperature is no field of a prompt; there are"),
        ("calibrated = true", "calibrated = yes", "not valid TOML"),
    ],
)
def test_a_prompt_that_cannot_be_meant_is_refused(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "refused.toml"
    path.write_text(TOML.replace(old, new))

    with pytest.raises(BadModel, match=message):
        check_folder(path)


def test_a_text_that_is_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(BadInput, match=r"tokens, \d+ of them the text's; asked reads \d+ before its answer: shorten"):
        prompt().encode(Question.about("good " * 300))
