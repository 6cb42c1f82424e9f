"""Regions: together the picture, each of them a closed outline, named by where it lies."""

from __future__ import annotations

import numpy as np
import pytest

from explainers import Patch, whereabouts
from explainers.errors import BadInput, BadModel
from explainers.inputs.image.regions import REGIONS, along_edges, grid, in_order, outlines, split
from explainers.inputs.image.view import FILE, View, view_of


def filled(rings: tuple[tuple[int, ...], ...], rows: int, columns: int) -> np.ndarray:
    """Cells that lie within an odd number of rings."""
    x, y = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    inside = np.zeros((rows, columns), dtype=bool)
    for ring in rings:
        points = list(zip(ring[::2], ring[1::2], strict=True))
        for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
            assert x1 == x2 or y1 == y2
            if x1 == x2:
                inside ^= (x < x1) & (y > min(y1, y2)) & (y < max(y1, y2))
    return inside


@pytest.mark.parametrize("seed", range(12))
def test_an_outline_holds_its_cells_and_no_other(seed: int) -> None:
    """Also with holes, with pieces apart, and with cells that touch at a corner."""
    cells = np.random.default_rng(seed).random((7, 9)) < 0.5

    assert np.array_equal(filled(outlines(cells), 7, 9), cells)


def test_edges_of_a_picture_are_edges_of_its_regions() -> None:
    """A bright square is a region of its own, or several; no region lies across its edge."""
    view = np.full((64, 64, 3), 20, dtype=np.uint8)
    view[16:48, 16:48] = 240
    labels = along_edges(view, 16, 16)
    bright = np.zeros((16, 16), dtype=bool)
    bright[4:12, 4:12] = True

    assert 2 <= labels.max() + 1 <= REGIONS
    assert not set(labels[bright]) & set(labels[~bright])


def test_a_split_region_keeps_its_cells_and_the_others_theirs() -> None:
    """Up to four pieces of equal size; labels stay numbered in reading order."""
    labels = in_order(np.repeat(np.arange(4), 16).reshape(8, 8))
    found = split(labels, [1])

    assert np.array_equal(found, in_order(found))
    assert sorted(np.bincount(found[labels == 1])[np.unique(found[labels == 1])].tolist()) == [4, 4, 4, 4]
    assert all(len(np.unique(found[labels == other])) == 1 for other in (0, 2, 3))


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (28, 28), (13, 13), (20, 40), (64, 64)])
def test_a_grid_has_at_most_sixty_four_squares(rows: int, columns: int) -> None:
    """They cover all cells."""
    labels = grid(rows, columns)

    assert labels.shape == (rows, columns)
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert labels.max() < 64


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((0, 0, 30, 20), "upper left, 10 % of the picture"),
        ((40, 25, 60, 35), "in the middle, 3.3 % of the picture"),
        ((90, 0, 100, 60), "middle right, 10 % of the picture"),
        ((0, 50, 100, 60), "lower middle, 17 % of the picture"),
    ],
)
def test_a_place_is_told_in_words(box: tuple[int, int, int, int], said: str) -> None:
    assert str(whereabouts(Patch(box=box), 100, 60)) == said


def test_a_picture_is_prepared_as_its_folder_says() -> None:
    """The middle of the resized picture; a point of the view is found again in the picture."""
    view = view_of(
        {"size": {"shortest_edge": 32}, "do_center_crop": True, "crop_size": {"height": 24, "width": 24}, "resample": 2}
    )
    pixels = np.zeros((64, 96, 3), dtype=np.uint8)
    pixels[20:44, 40:64] = 255
    seen, place = view.seen(pixels)
    rows, columns = np.nonzero(seen[..., 0] > 127)

    assert (view.shortest, view.height, view.width) == (32, 24, 24)
    assert place.left + columns.min() * place.across == pytest.approx(40, abs=2)
    assert place.top + (rows.max() + 1) * place.down == pytest.approx(44, abs=2)
    assert view.scaled(seen).max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"do_resize": False}, "do_resize is off"),
        ({"size": {"height": 5000, "width": 5000}}, "reads 5000 x 5000|neither"),
        ({"size": {"shortest_edge": "big"}}, "number of pixels"),
        ({"image_std": [0, 1, 1]}, "three numbers"),
        ({"resample": 77}, "one of 0, 1"),
        ({"rescale_factor": -1}, "above 0"),
        ({"size": {"shortest_edge": 20}, "do_center_crop": True, "crop_size": 32}, "less than the view"),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0}, "crop_pct is 0; it must be a number above 0"),
        ({"size": {"shortest_edge": 224}, "crop_pct": 1e-9}, "crop_pct is 1e-09; a side of 224 pixels"),
    ],
)
def test_a_preparation_that_is_not_followed_is_refused(settings: dict[str, object], said: str) -> None:
    """The message names the file and the value."""
    with pytest.raises(BadModel, match=said) as refused:
        view_of(settings)

    assert FILE in str(refused.value)


def test_a_picture_that_is_too_narrow_to_be_resized_is_refused() -> None:
    """A line of pixels would have four million to the side; the message names both sizes and the limit."""
    line = np.zeros((1, 16_384, 3), dtype=np.uint8)

    with pytest.raises(BadInput, match=r"16,384 x 1 pixels would be 4,194,304 x 256 .* 40,000,000 together: cut out"):
        View(height=224, width=224, shortest=256).seen(line)
    assert View(height=224, width=224).seen(line)[0].shape == (224, 224, 3)
