"""Interactions, layers and edits as the explanation page shows them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import explainers
from app.explain.ask.schemas import ExplanationOut
from app.explain.draw.findings import findings_of
from explainers.testing import GradientModel
from tests.served import served

Page = Callable[..., tuple[ExplanationOut, str]]


def model(name: str) -> Any:
    found = GradientModel({"good": (0.0, 2.0), "fine": (0.0, 1.6), "bad": (0.5, -1.0)})
    found.id = found.digest = name
    return found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """The record of one method and the words of its page."""
    app, _ = served(tmp_path, load=model)

    with TestClient(app, base_url="http://localhost", headers={"Origin": "http://localhost"}) as client:

        def asked(method: str, text: str = "good fine bad", **query: str) -> tuple[ExplanationOut, str]:
            body = {"model": "sentiment", "input": {"text": text}, "method": method}
            made = client.post("/v1/explanations", json=body)
            assert made.status_code == 200, made.text
            found = ExplanationOut.model_validate_json(made.content)
            shown = client.get(f"/explanations/{found.key}", params=query)
            assert shown.status_code == 200, shown.text
            return found, re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", shown.text)))

        yield asked


def test_pairs_are_a_matrix(page: Page) -> None:
    """A linear model has none: all are 0, and the diagonal holds the weights."""
    found, text = page("interactions")

    shown = findings_of([found], 1).interactions
    assert shown is not None
    assert shown.parts == ("good", "fine", "bad")
    assert [round(line[at][0], 9) for at, line in enumerate(shown.rows)] == [2, 1.6, -1.5]
    assert [line[at][1] for at, line in enumerate(shown.rows)] == [5, 4, -4]
    assert shown.strongest == ()
    assert "What parts do together" in text
    assert "Strongest pairs" not in text


def test_the_strongest_pairs_come_first(page: Page) -> None:
    """By size; what is less than a hundredth of the largest number is nothing."""
    found, _ = page("interactions")
    matrix = [[2.0, 0.3, -0.5], [0.3, 1.0, 0.001], [-0.5, 0.001, 1.0]]
    changed = ExplanationOut.model_validate(
        {**found.model_dump(exclude={"residual"}), "interactions": [matrix, matrix]}
    )

    shown = findings_of([changed], 1).interactions

    assert shown is not None
    assert [(pair.first, pair.second, pair.value) for pair in shown.strongest] == [
        ("good", "bad", -0.5),
        ("good", "fine", 0.3),
    ]


def test_each_layer_is_a_line(page: Page) -> None:
    """All of it passes first through the words, then through the position that is read; shares of 2 + 1.6 − 1.5."""
    found, text = page("layers")

    first, last = findings_of([found], 1).layers
    assert (first.number, first.parts, first.pooled, first.strongest) == (0, pytest.approx(1), 0, "good")
    assert (last.number, last.parts, last.pooled) == (1, 0, pytest.approx(1))
    assert last.reading == pytest.approx(2.1)
    assert "Classifier reads" in text
    assert "Embeddings" in text


def test_edits_show_what_was_removed_and_what_the_model_says_then(page: Page) -> None:
    """Without both good words −1.5 is left: the class is no, its opposite has σ(−1.5) = 18 %."""
    found, text = page("counterfactual")

    (edit,) = findings_of([found], 1).edits
    assert edit.removed == ("good", "fine")
    assert (edit.label, edit.text, edit.deleted_label) == ("no", "bad", "no")
    assert "Masked, the model says no." in text
    assert "Deleted, it says no" in text


@pytest.mark.parametrize("method", ["interactions", "layers", "counterfactual", "smoothgrad"])
@pytest.mark.parametrize("text", ["good", "so so"])
def test_the_pages_open_in_chinese_for_the_smallest_texts(page: Page, method: str, text: str) -> None:
    """One word has no pair; words without weight have no edit and nothing to share out."""
    _, shown = page(method, text, lang="zh")

    assert "模型" in shown


def test_other_methods_have_none_of_it(page: Page) -> None:
    """The blocks stand only where they were asked for."""
    found, text = page("shap")

    shown = findings_of([found], 1)
    assert (shown.interactions, shown.layers, shown.edits) == (None, (), ())
    assert "Strongest pairs" not in text


def test_every_measure_of_the_page_says_how_to_read_it(page: Page) -> None:
    """Each that the explanation has stands with its sentence and which direction is better."""
    found, text = page("shap")
    named = [name for name, value in found.checks.items() if name in explainers.MEASURES and value is not None]

    assert {"comprehensiveness", "sufficiency", "leave_one_out_tau"} <= set(named)
    for name in named:
        measure = explainers.MEASURES[name]
        direction = {
            "higher": "Higher is better.",
            "lower": "Lower is better.",
            "neither": "Neither direction is better.",
        }[measure.better]
        assert f"{measure.title} {measure.reading} {direction}" in text


def test_pairs_are_a_network_too(page: Page) -> None:
    """A node a part, a line a pair that does something together, the strongest drawn last and thickest."""
    found, _ = page("interactions", "good fine bad")
    assert found.interactions is not None
    matrix = np.zeros((2, 3, 3))
    matrix[1] = [[2.0, -1.0, 0.0], [-1.0, 0.5, 0.5], [0.0, 0.5, -2.0]]
    shown = findings_of([found.model_copy(update={"interactions": matrix})], 1).interactions
    assert shown is not None

    assert [node.text for node in shown.nodes] == ["good", "fine", "bad"]
    assert [node.step for node in shown.nodes] == [5, 1, -5]
    assert [edge.step for edge in shown.edges] == [1, -2]
    assert shown.edges[0].width < shown.edges[1].width


def test_layers_are_drawn_as_bars(page: Page) -> None:
    """The largest reading has the full height, the sign its direction."""
    found, _ = page("layers")
    lines = findings_of([found], 1).layers

    assert max(abs(line.height) for line in lines) == pytest.approx(1)
    assert all(line.height * line.reading >= 0 for line in lines)


def test_the_request_of_one_explanation_asks_for_that_method(page: Page) -> None:
    """What the page gives for a shell is asked of /v1/explanations, with the method and its options."""
    found, text = page("counterfactual")

    (body,) = re.findall(r"curl -s http://localhost/v1/explanations .*?-d '(\{.*?\})' ", text)
    asked = json.loads(body)
    assert (asked["method"], asked["options"]) == ("counterfactual", found.method.options)
    assert asked["players"] == "word"
