"""Drawn scenes say what is in them, and the embedded model's maps are right about it."""

from __future__ import annotations

import hashlib
import io
import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from explainers import CAPTIONS, Model, load_model, pixels_of, png_of, scene_of
from explainers.models.folders.embedded import FOLDER
from explainers.models.teaching.lessons import Drawn, drawn, hidden_cells, targets_of
from explainers.scenes.drawing import COLOURS, SHAPES, Scene, Shape, covered, drawn_scene, words_of
from explainers.scenes.judging import judged, unseen_scenes
from explainers.scenes.language import VOCABULARY, numbers_of, tokenizer

SCENES = 10
LARGEST_WEIGHTS = 3_000_000  # bytes


@cache
def model() -> Model:
    return load_model(CAPTIONS)


def test_a_caption_names_shapes_from_left_to_right_with_their_places() -> None:
    left = Shape("circle", "red", 10, 24, 14)
    above, below = Shape("square", "blue", 30, 8, 14), Shape("ring", "green", 36, 40, 14)
    said = " ".join(word.text for word in words_of([left, above, below]))

    assert said == "a red circle left of a blue square above a green ring"
    assert [word.shapes for word in words_of([left, above])] == [
        (), (0,), (0,), (0, 1), (0, 1), (), (1,), (1,),
    ]  # fmt: skip
    assert [word.text for word in words_of([])] == ["nothing"]


@pytest.mark.parametrize("kind", SHAPES)
def test_a_shape_is_drawn_where_it_is_said_to_be(kind: str) -> None:
    """Its colour fills what it covers, the ground the rest, and its centre of mass is its own."""
    shape = Shape(kind, "red", 20, 28, 16)
    pixels = pixels_of(Scene((shape,), (240, 240, 240)), 96)
    share = covered(shape, 96)
    at = np.arange(96) + 0.5
    middle = (share * at[None, :]).sum() / share.sum() / 2, (share * at[:, None]).sum() / share.sum() / 2

    assert (pixels[share == 1] == COLOURS["red"]).all()
    assert (pixels[share == 0] == 240).all()
    assert middle[0] == pytest.approx(20, abs=0.1)
    assert middle[1] == pytest.approx(28, abs=3 if kind == "triangle" else 0.1)
    assert share[:, :22].max() == share[:, 58:].max() == 0


def test_scenes_are_plain_and_repeat_by_their_number() -> None:
    draw = np.random.default_rng(5)
    for scene in [drawn_scene(draw) for _ in range(30)]:
        assert len({shape.kind for shape in scene.shapes}) == len({s.colour for s in scene.shapes}) == len(scene.shapes)
        assert all(b.x - a.x >= 4 for a, b in zip(scene.shapes, scene.shapes[1:], strict=False))
        assert sum(covered(shape) > 0 for shape in scene.shapes).max() == 1  # type: ignore[attr-defined]
        assert tokenizer().decode(numbers_of(scene.caption)[:-1]) == scene.caption
    assert scene_of(7) == scene_of(7) != scene_of(8)


def test_a_png_is_read_back_as_it_was_drawn() -> None:
    pixels = pixels_of(scene_of(3), 60)
    image = Image.open(io.BytesIO(png_of(pixels)))

    assert image.format == "PNG"
    assert (np.asarray(image) == pixels).all()


def test_words_of_a_hidden_shape_are_a_guess_among_their_sort() -> None:
    """What the model is taught: of a shape that is hidden nothing but the sort of its words, of others all."""
    (one,) = drawn(np.random.default_rng(9), 1)
    two = Scene((Shape("ring", "red", 10, 24, 14), Shape("cross", "blue", 36, 24, 14)), (230, 230, 230))
    shares = [covered(shape).reshape(8, 6, 8, 6).mean(axis=(1, 3)) for shape in two.shapes]
    one = Drawn(two, one.seen, one.blurred, np.array(shares))
    wanted = targets_of(one, shares[0] > 0)
    said = two.caption.split()

    for place, word in enumerate(said):
        sure = wanted[place, VOCABULARY.index(word)]
        hidden = {"red": 1 / 6, "ring": 1 / 5, "left": 1 / 3}.get(word, 1.0)
        assert sure == pytest.approx(hidden), word
        assert wanted[place].sum() == pytest.approx(1)
    assert wanted[len(said) + 1 :].sum() == 0
    assert hidden_cells(one, np.random.default_rng(0)).shape == (8, 8)


def test_the_embedded_model_is_small_and_the_one_of_its_card() -> None:
    folder = FOLDER / CAPTIONS
    weights = (folder / "model.safetensors").read_bytes()
    card = json.loads((folder / "card.json").read_text())

    assert len(weights) < LARGEST_WEIGHTS
    assert card["weights"]["sha256"] == hashlib.sha256(weights).hexdigest()
    assert [figure["metric"] for figure in card["figures"]] == ["captions right", "object first"]
    assert (model().task, model().id, model().title) == ("caption", "captions", card["title"])


def test_the_region_of_the_words_object_comes_first() -> None:
    """On a few unseen scenes by leaving one region out; `make caption-figures` measures hundreds by Shapley values."""
    found = judged(model(), unseen_scenes(SCENES, seed=2), method="leave-one-out")

    assert np.mean([one.right for one in found]) >= 0.8
    assert np.mean([hit for one in found for hit in one.hits]) >= 0.9
