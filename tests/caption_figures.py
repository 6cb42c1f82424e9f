"""The embedded model of captions on scenes it has not seen: its captions, and whether the maps of words are right.

python -m tests.caption_figures            # 300 scenes: build/caption-figures.json, and the figures of the card
python -m tests.caption_figures --scenes 20 --dry
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.audit.statistics.intervals import wilson
from explainers import CAPTIONS, load_model
from explainers.models.folders.embedded import FOLDER
from explainers.scenes.judging import Judged, judged, unseen_scenes

SCENES = 300
GOAL = 0.95
METHODS = ("shap", "leave-one-out", "gradient-x-input")
OUT = Path("build/caption-figures.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=SCENES)
    parser.add_argument("--baseline", action="append")
    parser.add_argument("--method", action="append")
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    given = parser.parse_args()
    model, scenes = load_model(CAPTIONS), unseen_scenes(given.scenes)
    found: dict[str, Any] = {}
    for baseline in given.baseline or (model.baselines[0],):
        for method in given.method or METHODS:
            made = judged(model, scenes, method=method, baseline=baseline)
            found[f"{method}, {baseline}"] = _figures(made)
            print(method, baseline, json.dumps(found[f"{method}, {baseline}"]), flush=True)
            if not given.dry and method == METHODS[0] and baseline == model.baselines[0]:
                _write_card(made)
    if not given.dry:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps({"scenes": len(scenes), "torch": version("torch"), **found}, indent=1) + "\n")


def _figures(made: list[Judged]) -> dict[str, Any]:
    return {
        "captions right": _share([one.right for one in made]),
        "region of the word's object first": _share([hit for one in made for hit in one.hits]),
        "a region with a quarter of it first": _share([hit for one in made for hit in one.parts]),
    }


def _share(right: list[bool]) -> dict[str, float]:
    within = wilson(sum(right), len(right))
    share = sum(right) / len(right)
    return {"value": round(share, 4), "low": round(within.low, 4), "high": round(within.high, 4), "n": len(right)}


def _write_card(made: list[Judged]) -> None:
    path = FOLDER / CAPTIONS / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    named = {
        ("captions right", "scenes"): [one.right for one in made],
        ("object first", "words"): [hit for one in made for hit in one.hits],
    }
    card["figures"] = [
        {"name": "Drawn scenes", "metric": metric, "unit": unit, "interval": "Wilson", "goal": GOAL, **_counted(right)}
        for (metric, unit), right in named.items()
    ]
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _counted(right: list[bool]) -> dict[str, float]:
    share = _share(right)
    return {"value": share["value"], "low": share["low"], "high": share["high"], "texts": int(share["n"])}


if __name__ == "__main__":
    main()
