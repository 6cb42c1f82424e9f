"""A small convolutional network trained on drawn shapes, of which one decides: the methods have to find it."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from explainers import ImageInput, Question, build, runner
from explainers.inputs.image.encoding import cells_of
from explainers.models.vision import VisionModel, spread_over

SIDE, CELL = 32, 8
PICTURES = 20
METHODS = (
    "shap", "lime", "leave-one-out", "integrated-gradients", "gradient-x-input", "smoothgrad", "grad-cam",
)  # fmt: skip


def shape(kind: str, colour: Any) -> Any:
    """(8, 8, 3): a disc, a cross or, which says nothing, a square in outline."""
    y, x = np.mgrid[:CELL, :CELL] - 3.5
    on = {
        "disc": x**2 + y**2 < 9,
        "cross": (abs(x) < 1) | (abs(y) < 1),
        "square": np.maximum(abs(x), abs(y)).round(1) == 2.5,
    }[kind]
    return np.where(on[..., None], colour, 0).astype(np.uint8)


def scene(draw: np.random.Generator, kinds: int = 3) -> tuple[Any, int, int]:
    """Pixels, the class (0 disc, 1 cross, 2 neither), and the cell of the shape that decides; squares lie about."""
    pixels = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    side = SIDE // CELL
    places = draw.choice(side * side, size=4, replace=False)
    kind = int(draw.integers(kinds))
    for place, name in zip(places, (("disc", "cross", "square")[kind], "square", "square", "square"), strict=True):
        row, column = divmod(int(place), side)
        colour = draw.integers(130, 256, 3)
        pixels[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = shape(name, colour)
    return pixels, kind, int(places[0])


class Small(nn.Module):
    """Three convolutions, their last maps averaged, and one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 24, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(24, 24, 3, 2, 1), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(24, 3)
        self.config = SimpleNamespace(
            num_labels=3, id2label={0: "disc", 1: "cross", 2: "neither"}, image_size=SIDE, model_type="convnext",
            problem_type="single_label_classification",
        )  # fmt: skip

    def forward(self, pixel_values: torch.Tensor) -> Any:
        maps = self.layers(pixel_values)
        return SimpleNamespace(logits=self.head(maps.mean(dim=(2, 3))), attentions=())


@cache
def trained() -> VisionModel:
    draw = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Small()
        optimiser = torch.optim.Adam(network.parameters(), lr=6e-3)
        for _ in range(160):
            made = [scene(draw) for _ in range(32)]
            given = torch.from_numpy(np.stack([each[0] for each in made])).permute(0, 3, 1, 2).float() / 127.5 - 1
            loss = functional.cross_entropy(network(given).logits, torch.tensor([each[1] for each in made]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return VisionModel(network.requires_grad_(False).eval(), id="shapes", digest="shapes")


@cache
def scenes() -> tuple[tuple[Any, int, int], ...]:
    """Pictures with a shape that decides, which were not trained on."""
    draw = np.random.default_rng(1)
    return tuple(scene(draw, kinds=2) for _ in range(PICTURES))


def question(pixels: Any, **game: Any) -> Question:
    return Question(input=ImageInput.of(pixels), **{"players": "patch", "baseline": "mean", **game})


def test_the_network_has_learned_which_shape_decides() -> None:
    said = [runner.predict(trained(), [question(pixels)])[0].main.index for pixels, *_ in scenes()]

    assert said == [kind for _, kind, _ in scenes()]


@pytest.mark.parametrize("method", METHODS)
def test_the_shape_that_decides_comes_first(method: str) -> None:
    """Pointing game >= .95 and area under precision and recall >= .9, over sixteen squares of which one decides."""
    hits, areas = [], []
    for pixels, kind, cell in scenes():
        # Grad-CAM as its paper has it, of the class's own number: log-odds also weigh what speaks for others.
        asked = question(pixels, accuracy="draft", value="logit" if method == "grad-cam" else None)
        found = runner.explain(trained(), asked, build(method))
        assert found.scores is not None
        scores = found.scores[found.row(kind)]
        rank = int((scores >= scores[cell]).sum())
        hits.append(rank == 1)
        areas.append(1 / rank)

    assert np.mean(hits) >= 0.95, method
    assert np.mean(areas) >= 0.9, method


def test_shapley_values_of_ten_regions_are_exact() -> None:
    """Against the definition, over all 1,024 sets of regions."""
    model = trained()
    pixels = np.kron(np.random.default_rng(2).integers(0, 256, (3, 3, 3)), np.ones((12, 12, 1))).astype(np.uint8)
    asked = question(pixels, players="region", accuracy="exact")
    found = runner.explain(model, asked, build("shap"))
    inputs = model.encode(asked)
    n = len(inputs.features)
    keep = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
    outputs = runner.case_of(model, asked).table.logits(keep, precision="fp32")
    values = outputs[:, 0] - np.logaddexp(outputs[:, 1], outputs[:, 2])
    sizes = keep.sum(axis=1)
    weights = np.array([1 / (n * np.prod([(n - 1 - j) / (j + 1) for j in range(size)])) for size in range(n)])
    wanted = [
        sum(
            weights[sizes[row]] * (values[row | 1 << player] - values[row])
            for row in range(2**n)
            if not row >> player & 1
        )
        for player in range(n)
    ]

    assert n >= 5
    assert found.scores is not None
    assert found.scores[found.row(0)] == pytest.approx(wanted, abs=1e-6)


def test_grad_cam_is_captums() -> None:
    """The same maps as captum's LayerGradCam, spread over the cells and summed by region."""
    from captum.attr import LayerGradCam

    model, (pixels, kind, _) = trained(), scenes()[1]
    asked = question(pixels, value="logit")
    inputs = model.encode(asked)
    seen = model._network.joined(torch.from_numpy(cells_of(inputs).whole.astype(np.float32))[None]).requires_grad_()
    network = model._network.module
    coarse = LayerGradCam(lambda given: network(given).logits, network.layers[4]).attribute(seen, target=kind)
    wanted = inputs.by_player(spread_over(coarse[0].detach().double().numpy(), (4, 4)))[0]
    found = runner.explain(model, asked, build("grad-cam"))

    assert found.scores is not None
    assert found.scores[found.row(kind)] == pytest.approx(wanted, abs=1e-4)
    assert found.scores[found.row(kind)].sum() == pytest.approx(float(coarse.detach().sum()), abs=1e-4)


def test_integrated_gradients_are_captums() -> None:
    """The same pixels summed by region, on many points of the same path."""
    from captum.attr import IntegratedGradients

    model, (pixels, kind, _) = trained(), scenes()[2]
    asked = question(pixels, value="logit")
    inputs = model.encode(asked)
    held = cells_of(inputs)
    whole, absent = (
        model._network.joined(torch.from_numpy(each.astype(np.float32))[None]) for each in (held.whole, held.absent)
    )
    network = model._network.module
    made = IntegratedGradients(lambda given: network(given).logits).attribute(whole, absent, target=kind, n_steps=400)
    squares = made[0].detach().numpy().reshape(3, 4, CELL, 4, CELL).sum(axis=(0, 2, 4)).ravel()
    found = runner.explain(model, asked, build("integrated-gradients", {"tolerance": 0.0005}))

    assert found.scores is not None
    assert found.scores[found.row(kind)] == pytest.approx(squares, abs=0.02 * float(abs(squares).max()))


def test_integrated_gradients_on_captums_points_are_captums() -> None:
    """With captum's own points and weights the scores are its to 1e-4: where the two differ, it is in the points."""
    from captum.attr import IntegratedGradients
    from captum.attr._utils.approximation_methods import approximation_parameters

    model, (pixels, kind, _) = trained(), scenes()[2]
    inputs = model.encode(question(pixels, value="logit"))
    held, network = cells_of(inputs), model._network.module
    whole, absent = (
        model._network.joined(torch.from_numpy(each.astype(np.float32))[None]) for each in (held.whole, held.absent)
    )
    sized, placed = approximation_parameters("gausslegendre")
    points, weights = np.array(placed(50)), np.array(sized(50))
    made = IntegratedGradients(lambda given: network(given).logits).attribute(whole, absent, target=kind, n_steps=50)
    wanted = made[0].detach().numpy().reshape(3, 4, CELL, 4, CELL).sum(axis=(0, 2, 4)).ravel()
    found = model.path_gradients(inputs, points, value="logit", targets=[kind]).products[0]

    assert inputs.by_player(weights @ found) == pytest.approx(wanted, abs=1e-4)
    assert inputs.by_player((1 - weights) @ found) != pytest.approx(wanted, abs=1e-2)


def test_more_detail_keeps_the_sum_and_narrows_the_place() -> None:
    """The strongest regions are cut: more players, each still owning its cells, and the scores add up."""
    pixels, kind, cell = scenes()[3]
    coarse = runner.explain(trained(), question(pixels, players="region"), build("shap"))
    found = runner.explain(trained(), question(pixels, players="detail"), build("shap"))
    assert found.scores is not None
    assert coarse.scores is not None
    best = found.features[int(found.scores[found.row(kind)].argmax())]
    row, column = divmod(cell, SIDE // CELL)

    assert len(found.features) >= len(coarse.features)
    assert found.players == "detail"
    assert found.residual == pytest.approx([0, 0, 0], abs=1e-6)
    assert best.kind == "patch"
    assert best.box[0] < (column + 1) * CELL
    assert best.box[2] > column * CELL
    assert best.box[1] < (row + 1) * CELL
    assert best.box[3] > row * CELL
