"""Scenes to learn from: many are shown with hidden parts, and their words say what can still be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ...contract import FloatArray
from ...scenes.drawing import COLOURS, SHAPES, SIDE, Scene, covered, drawn_scene, pixels_of
from ...scenes.language import LONGEST, PLACES, VOCABULARY, numbers_of

CELL = 6  # pixels of a patch
CELLS = SIDE // CELL
HIDING = 0.6  # share of the scenes with hidden parts
BLUR = 0.1  # as explanations blur: the width of the Gaussian as a share of the side
SORTS = {word: sort for sort in (tuple(COLOURS), SHAPES, PLACES) for word in sort}
MIDDLES = (
    np.stack(np.meshgrid(np.arange(CELLS), np.arange(CELLS), indexing="ij"), axis=-1)[:, :, None] + 0.5
)  # of cells


@dataclass(frozen=True, slots=True)
class Drawn:
    """A scene as the network takes it, (3, side, side), and its blur; cells: how much of each cell each shape covers,
    (shapes, cells, cells)."""

    scene: Scene
    seen: torch.Tensor
    blurred: torch.Tensor
    cells: FloatArray


def drawn(draw: np.random.Generator, count: int) -> list[Drawn]:
    """Scenes of two or three shapes, some of fewer."""
    found = []
    for _ in range(count):
        shapes = int(draw.choice(4, p=[0.02, 0.1, 0.4, 0.48]))
        scene = drawn_scene(draw, shapes=shapes, distinct=bool(draw.random() < 0.5))
        shares = [covered(shape).reshape(CELLS, CELL, CELLS, CELL).mean(axis=(1, 3)) for shape in scene.shapes]
        seen = (torch.from_numpy(pixels_of(scene)).permute(2, 0, 1).float() / 255 - 0.5) / 0.5
        found.append(Drawn(scene, seen, _blurred(seen[None])[0], np.array(shares).reshape(-1, CELLS, CELLS)))
    return found


def hidden_cells(one: Drawn, draw: np.random.Generator) -> Any:
    """(cells, cells) True where hidden: single shapes, stretches, and pieces of a picture cut at random."""
    hidden = np.zeros((CELLS, CELLS), dtype=bool)
    way = draw.random()
    if way < 0.7:
        for cells in one.cells:
            if draw.random() < 0.45:
                hidden |= cells > draw.choice([0.0, 0.2, 0.5])
    if way > 0.5:
        places = draw.uniform(0, CELLS, (int(draw.integers(4, 11)), 2))
        nearest = ((MIDDLES - places) ** 2).sum(axis=-1).argmin(axis=-1)
        hidden |= (draw.random(len(places)) < draw.random())[nearest]
    return hidden


def targets_of(one: Drawn, hidden: Any) -> FloatArray:
    """(LONGEST, vocabulary) what each place of the caption should say; zeros behind its end.

    A word of shapes that are seen is certain; of shapes less than a quarter of which is seen it is one of its sort.
    """
    seen = [_seen(cells, hidden) for cells in one.cells]
    wanted = np.zeros((LONGEST, len(VOCABULARY)))
    for place, (word, number) in enumerate(zip((*one.scene.words, None), numbers_of(one.scene.caption), strict=True)):
        sure = min((seen[shape] for shape in word.shapes), default=1.0) if word is not None else 1.0
        sort = SORTS.get(word.text, ()) if word is not None else ()
        wanted[place, number] = sure if sort else 1.0
        for other in sort:
            wanted[place, VOCABULARY.index(other)] += (1 - sure) / len(sort)
    return wanted


def _seen(cells: FloatArray, hidden: Any) -> float:
    """How well a shape is seen, 0 to 1, by the share of it that is not hidden."""
    share = float(cells[~hidden].sum() / cells.sum())
    return min(1.0, max(0.0, 2 * share - 0.5))


def batch_of(
    pool: Sequence[Drawn], draw: np.random.Generator, size: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pixels as the network takes them, the tokens before each place, and what each place should say."""
    chosen = [pool[number] for number in draw.integers(len(pool), size=size)]
    none = np.zeros((CELLS, CELLS), dtype=bool)
    hidden = [hidden_cells(one, draw) if draw.random() < HIDING else none for one in chosen]
    wanted = torch.from_numpy(np.stack([targets_of(*each) for each in zip(chosen, hidden, strict=True)])).float()
    before = torch.full((size, LONGEST), 2)
    for row, one in enumerate(chosen):
        said = [0, *numbers_of(one.scene.caption)[:-1]]
        before[row, : len(said)] = torch.tensor(said)
    seen = torch.stack([one.seen for one in chosen])
    seen = seen + torch.randn(seen.shape) * draw.uniform(0, 0.025)
    longest = int((wanted.sum(dim=-1) > 0).sum(dim=1).max())
    blurred = torch.stack([one.blurred for one in chosen])
    return _with_hidden(seen, blurred, np.stack(hidden), draw), before[:, :longest], wanted[:, :longest]


def _with_hidden(seen: torch.Tensor, blurred: torch.Tensor, hidden: Any, draw: np.random.Generator) -> torch.Tensor:
    """The views with their hidden cells as the baselines of pictures fill them, one kind a view."""
    mean, spread = seen.mean(dim=(2, 3), keepdim=True), seen.std(dim=(2, 3), keepdim=True)
    noise = mean + torch.randn(seen.shape) * spread
    fills = (blurred, mean.expand_as(seen), noise, torch.zeros_like(seen))
    kind = torch.from_numpy(draw.choice(4, size=len(seen), p=[0.4, 0.3, 0.15, 0.15]))[:, None, None, None]
    filled = sum(torch.where(kind == number, fill, 0.0) for number, fill in enumerate(fills))
    mask = torch.from_numpy(hidden).repeat_interleave(CELL, 1).repeat_interleave(CELL, 2)[:, None]
    return torch.where(mask, filled, seen)


def _blurred(seen: torch.Tensor) -> torch.Tensor:
    wide = BLUR * SIDE
    reach = int(4 * wide + 0.5)
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / wide) ** 2)
    line = (line / line.sum()).expand(3, 1, -1)
    padded = functional.pad(seen, (reach,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, line[:, :, None], groups=3), line[..., None], groups=3)
