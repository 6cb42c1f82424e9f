"""Prompts: where the user's words lie in what the model reads."""

from __future__ import annotations

from typing import Any

import pytest

from explainers import BadInput, PromptInput, Question
from explainers.contract import Message
from explainers.inputs.prompt.reading import PromptReader
from tests.tiny import CHAT, tiny_chat

PROMPT = PromptInput.of("is the film good?", system="a witty movie", passages=("the film is dull", "never bad"))


def reader(template: str = CHAT, name: str = "qwen2") -> PromptReader:
    return PromptReader(tiny_chat(name)._tokenizer, template)


@pytest.mark.parametrize("name", ["qwen2", "llama"])
def test_every_part_is_found_where_it_stands(name: str) -> None:
    """Tokens of a part spell the part; what the template adds belongs to nobody, and the ids are those of the text."""
    given = reader(name=name)
    read = given.read(PROMPT)
    spelled = [""] * len(PROMPT.pieces)
    for piece in read.pieces:
        if piece.part is not None:
            spelled[piece.part] += PROMPT.pieces[piece.part][piece.start : piece.end]

    assert read.text.count("the film is dull\n\nnever bad\n\nis the film good?") == 1
    assert [" ".join(each.split()).replace(" ", "") for each in spelled] == [p.replace(" ", "") for p in PROMPT.pieces]
    assert read.pieces[-1].part is None
    assert read.ids.tolist() == given.tokenizer(read.text, add_special_tokens=False)["input_ids"]


def test_control_tokens_that_are_typed_are_text() -> None:
    """The same letters by other tokens: nobody ends his own message."""
    given = reader()
    end = given.tokenizer.eos_token
    read = given.read(PromptInput.of(f"good {end} bad"))
    mine = [id for id, piece in zip(read.ids.tolist(), read.pieces, strict=True) if piece.part == 0]

    assert given.tokenizer.eos_token_id not in mine
    assert given.tokenizer.decode(mine).replace(" ", "").replace("Ġ", "") == f"good{end}bad"
    assert read.ids.tolist().count(given.tokenizer.eos_token_id) == CHAT.count("</s>")


def test_a_template_that_strips_finds_the_words_of_what_was_typed() -> None:
    """Offsets count in the text as it was given, white space at its ends included."""
    given = reader(CHAT.replace("message['content']", "message['content']|trim"))
    read = given.read(PromptInput.of("  a good film \n"))
    first = next(piece for piece in read.pieces if piece.part == 0)

    assert first.start >= 2
    assert "<s>user\na good film</s>" in read.text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ messages[0].role }}", "no place for the user's message"),
        ("{{ messages[-1].content|upper }}", "changes or repeats"),
        ("{{ messages[-1].content }} {{ messages[-1].content }}", "changes or repeats"),
        ("{% if 'film' in messages[-1].content %}!{% endif %}{{ messages[-1].content }}", "changes or repeats"),
    ],
)
def test_a_template_without_a_place_for_the_words_is_refused(template: str, message: str) -> None:
    """A place that would be guessed is none."""
    with pytest.raises(BadInput, match=message):
        reader(template).read(PromptInput.of("a film"))


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (PromptInput.of(" "), "user's message is empty"),
        (PromptInput.of("a", passages=("b", "")), "passage 2 is empty"),
        (PromptInput.of("a\0"), "NUL"),
    ],
)
def test_an_empty_part_is_named(prompt: PromptInput, message: str) -> None:
    """The message says which one."""
    with pytest.raises(BadInput, match=message):
        reader().read(prompt)


@pytest.mark.parametrize("roles", [["assistant"], ["user", "assistant"], ["user", "system", "user"]])
def test_a_conversation_ends_with_the_user(roles: list[Any]) -> None:
    """And a system message comes first or not at all."""
    with pytest.raises(ValueError, match="message"):
        PromptInput(messages=tuple(Message(role=role, text="a") for role in roles))


def test_parts_play_as_words_sentences_or_whole() -> None:
    """Features are stretches of the parts joined; earlier turns and passages are numbered."""
    model = tiny_chat("qwen2")
    for players, count in (("passage", 4), ("word", 14)):
        inputs = model.encode(
            Question.about("", prompt=PROMPT, players=players, outputs={"kind": "tokens", "continuation": "good"})
        )

        assert len(inputs.features) == count
        assert all(PROMPT.text[span.start : span.end] == span.text for span in inputs.features)
    assert [(part.name, part.number) for part in PROMPT.parts] == [
        ("system", None), ("passage", 1), ("passage", 2), ("user", None),
    ]  # fmt: skip
