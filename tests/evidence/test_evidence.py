"""The measuring behind the long figures, at a small size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explainers import Question
from explainers.game.shapley import all_coalitions
from tests.evidence import maps
from tests.evidence.errors import PRECISIONS, Known, figures
from tests.explainers.game.test_shapley import random_game
from tests.tiny import tiny

PLAYERS = 9
TEXT = "a good film with a bad ending"


def known(seed: int, *, rounding: float) -> Known:
    """A line with small effects of all orders, and the same rounded."""
    line = all_coalitions(PLAYERS) @ np.random.default_rng(seed).normal(size=PLAYERS)
    values = line + 0.5 * random_game(PLAYERS, seed)[:, 0]
    values += 1 - values[-1]
    off = rounding * np.random.default_rng(seed).normal(size=len(values))
    both = (np.stack([np.zeros(len(values)), each], axis=1) for each in (values, values + off))
    return Known(PLAYERS, ("no", "yes"), "single", *both)


def test_stated_errors_cover_the_true_ones_in_both_arithmetics() -> None:
    """Nine tenths and more of the players at either budget; to be off by more than is said shows."""
    games = [known(seed, rounding=0.01) for seed in range(4)]
    found = figures(games, seeds=1, budgets=(48, 96))
    lying = figures([known(seed, rounding=2.0) for seed in range(2)], seeds=1, budgets=(48,))

    assert set(found["covered"]) == {f"{precision} {rows}" for precision in PRECISIONS for rows in (48, 96)}
    assert all(covered >= 0.9 for covered in found["covered"].values())
    assert found["error"]["fp32 96"] < found["error"]["fp32 48"]
    assert all(past <= 0.25 for past in found["past"].values())
    assert lying["covered"]["fp32 48"] > lying["covered"]["bf16 48"]


def test_maps_are_measured_once_and_compared_with_the_best_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every map by masking and by deletion; a second run asks nothing. captum's map is ours from masks."""
    monkeypatch.setattr(maps, "shap_values", lambda case, name, seed: np.arange(case.table.players))
    monkeypatch.setattr(maps, "_lime", lambda model, case, seed: -np.arange(case.table.players))
    model = tiny("bert")
    first = maps.stored(tmp_path / "one.json", model, TEXT)
    monkeypatch.setattr(maps, "measured", None)
    again = maps.stored(tmp_path / "one.json", model, TEXT)
    report = maps.compared([first, again])

    assert first == again
    assert len(first["maps"]["captum"]) == first["words"] == 7
    ours = maps._scores(model, Question.about(TEXT, players="word", value="logit"), "integrated-gradients")
    np.testing.assert_allclose(first["maps"]["captum"], ours, rtol=0.05, atol=0.02)
    best = report["comprehensiveness masked"]["best peer"]
    assert best in maps.PEERS
    assert report["comprehensiveness masked"][best][1:] == [0.0, 0.0, 0.0]
    oracle = report["comprehensiveness masked"]["all-best"][0]
    assert all(oracle >= each[0] for name, each in report["comprehensiveness masked"].items() if name in maps.PANEL)
