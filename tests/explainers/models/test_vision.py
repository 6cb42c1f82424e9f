"""Image classifiers: what is hidden, what is seen, and that nothing is lost between pixels and patches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from explainers import BadInput, ImageInput, Question, build, runner
from explainers.inputs.image.encoding import ImageEncoder, cells_of
from explainers.inputs.image.view import View
from tests.tiny import tiny, tiny_vision

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 64, 3), dtype=np.uint8)


def asked(**game: Any) -> Question:
    return Question(input=ImageInput.of(PIXELS), **{"players": "patch", **game})


def prepared(view: View) -> Any:
    """(3, height, width), the picture as the network is given it."""
    return view.scaled(view.seen(PIXELS)[0])


def test_the_prediction_is_the_networks_own() -> None:
    """Prepared, cut into patches and joined again, the image is what the network would be given."""
    model = tiny_vision(32)
    seen = torch.from_numpy(prepared(model._encoder.view)[None].astype(np.float32))

    with torch.inference_mode():
        wanted = model._network.module(pixel_values=seen).logits.double().numpy()

    assert model.predict([model.encode(asked())]) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("baseline", ["mean", "zero", "blur", "noise"])
def test_a_hidden_patch_shows_the_baseline(baseline: str) -> None:
    """Its pixels alone change: to the mean colour, to the zero of the model, or to the blurred image."""
    model = tiny_vision(32)
    inputs = model.encode(asked(baseline=baseline))
    held, keep = cells_of(inputs), np.arange(16) != 5
    patches = np.where(inputs.owner[:, None] == 5, held.absent, held.whole)

    with torch.inference_mode():
        pixels = model._network.joined(torch.from_numpy(patches.astype(np.float32))[None])
        wanted = model._network.module(pixel_values=pixels).logits.double().numpy()

    assert model.outputs(inputs, keep[None]) == pytest.approx(wanted, abs=1e-6)
    assert abs(wanted - model.predict([inputs])).max() > 1e-4
    hidden = held.absent[1:].reshape(-1, 3, 64)
    if baseline == "mean":
        assert np.ptp(hidden, axis=(0, 2)) == pytest.approx(np.zeros(3), abs=1e-9)
    assert (baseline == "zero") == (not hidden.any())
    assert baseline != "blur" or 0 < hidden.std() < held.whole[1:].std() / 2


def test_many_patches_are_gathered_into_few_players() -> None:
    """A model of 14 rows of patches has 49 players of four patches each, and they cover the image."""
    inputs = ImageEncoder(view=View(height=112, width=112), cell=8, special=1).encode(asked())

    assert len(inputs.features) == 49
    assert np.bincount(inputs.owner[1:]).tolist() == [4] * 49
    assert (
        sum((right - left) * (bottom - top) for left, top, right, bottom in (f.box for f in inputs.features)) == 40 * 64
    )


def test_sixteen_patches_are_sampled() -> None:
    """Beyond ten players Shapley values carry an error, and still add up."""
    found = runner.explain(tiny_vision(32), asked(budget=128), build("shap"))

    assert found.standard_errors is not None
    assert found.residual == pytest.approx([0, 0], abs=1e-6)
    assert found.input.kind == "image"
    assert found.text == ""


def test_an_image_travels_by_its_digest() -> None:
    """Equal pixels are equal questions; what was read back has no pixels, and says so when it is asked."""
    question = asked()
    back = Question.model_validate_json(question.model_dump_json())

    assert back == question == asked()
    assert back.input != Question(input=ImageInput.of(PIXELS[::-1].copy())).input
    with pytest.raises(BadInput, match="give the image itself"):
        tiny_vision(32).encode(back)


@pytest.mark.parametrize(
    ("model", "question", "message"),
    [
        (tiny_vision, Question.about("a text"), "reads images"),
        (tiny_vision, asked(players="word"), "has no words"),
        (tiny_vision, asked(baseline="mask"), "choose blur, mean, noise, zero"),
        (tiny_vision, asked(outputs={"kind": "words"}), "no words"),
        (lambda: tiny("bert"), asked(), "reads texts"),
        (lambda: tiny("bert"), Question.about("a film", players="patch"), "parts of an image"),
    ],
)
def test_what_cannot_be_asked_is_refused(model: Any, question: Question, message: str) -> None:
    """The message names the value and the cure."""
    with pytest.raises(BadInput, match=message):
        model().encode(question)


def test_an_image_has_colours() -> None:
    """Grey images and shares are refused with what is wanted."""
    with pytest.raises(ValueError, match="uint8 pixels"):
        ImageInput.of(PIXELS[:, :, 0])


def test_measures_on_demand_are_made() -> None:
    """Those that move what gradients flow to, and those that draw the weights anew."""
    measures = ("infidelity", "max-sensitivity", "randomisation")
    found = runner.explain(tiny_vision(), asked(), build("gradient-x-input"), measures=measures)

    assert 0 <= found.checks["infidelity"] <= 1
    assert found.checks["max_sensitivity"] > 0
    assert abs(found.checks["randomisation_tau"]) < 1


@pytest.mark.parametrize("player", [0, 2, 5])
def test_a_player_owns_the_patches_that_its_rectangle_shows(player: int) -> None:
    """An image that is white in one rectangle alone: exactly the positions of that player hold anything but black."""
    encoder = ImageEncoder(
        view=View(height=24, width=24, mean=(0.0, 0.0, 0.0), spread=(1.0, 1.0, 1.0)), cell=8, special=1
    )
    place = encoder.encode(
        Question(input=ImageInput.of(np.zeros((24, 48, 3), dtype=np.uint8)), players="patch")
    ).features[player]
    pixels = np.zeros((24, 48, 3), dtype=np.uint8)
    left, top, right, bottom = place.box
    pixels[top:bottom, left:right] = 255

    inputs = encoder.encode(Question(input=ImageInput.of(pixels), players="patch"))
    bright = cells_of(inputs).whole.mean(axis=1)

    assert (bright[inputs.owner == player] > 0.9).all()
    assert (bright[inputs.owner != player] < 0.1).all()
