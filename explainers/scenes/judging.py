"""The truth of a caption held against an explanation: the first region of a word must be that of the shape it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .. import registry, runner
from ..contract import BaselineKind, FloatArray, Ids, ImageInput, Model, Question, TokenOutput
from ..inputs.image.encoding import cells_of
from .drawing import SIDE, Scene, covered, drawn_scene, pixels_of

DRAWN = 240  # pixels of the picture that is explained
PART = 0.25  # of a shape: a region that holds so much of it is one of its regions


@dataclass(frozen=True, slots=True)
class Judged:
    """One scene. right: the model's own caption is the scene's. hits: for each word that one shape decides, whether the
    first region is the one that holds most of it. parts: whether it holds PART of it at least."""

    right: bool
    hits: tuple[bool, ...]
    parts: tuple[bool, ...]


def unseen_scenes(count: int, *, seed: int = 1) -> list[Scene]:
    """Scenes that were not trained on, whose words are each decided by one shape."""
    draw = np.random.default_rng((seed, 480))
    return [drawn_scene(draw) for _ in range(count)]


def judged(
    model: Model, scenes: Iterable[Scene], *, method: str = "shap", baseline: BaselineKind | None = None
) -> list[Judged]:
    """Every scene with its true caption explained by a method, by regions."""
    return [_judged(model, scene, method, baseline) for scene in scenes]


def _judged(model: Model, scene: Scene, method: str, baseline: BaselineKind | None) -> Judged:
    picture = ImageInput.of(pixels_of(scene, DRAWN))
    asked = Question(input=picture, outputs=TokenOutput(continuation=scene.caption), baseline=baseline)
    own = model.encode(Question(input=picture)).outputs
    found = runner.explain(model, asked, registry.build(method))
    assert isinstance(own, TokenOutput)
    assert found.scores is not None
    labels = cells_of(model.encode(asked)).labels
    shares = [_by_region(labels, scene, number) for number in range(len(scene.shapes))]
    hits, parts = [], []
    for word, scores in zip(scene.words, found.scores, strict=True):
        if len(word.shapes) == 1:
            share, first = shares[word.shapes[0]], int(scores.argmax())
            hits.append(first == int(share.argmax()))
            parts.append(bool(share[first] >= PART))
    return Judged(own.continuation == scene.caption, tuple(hits), tuple(parts))


def _by_region(labels: Ids, scene: Scene, number: int) -> FloatArray:
    """The share of a shape that each region holds."""
    rows, columns = labels.shape
    cells = covered(scene.shapes[number]).reshape(rows, SIDE // rows, columns, SIDE // columns).sum(axis=(1, 3))
    found = np.bincount(labels.ravel(), weights=cells.ravel())
    return np.asarray(found / found.sum(), dtype=np.float64)
