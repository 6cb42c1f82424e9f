"""How faithful maps are on training texts: ours by baseline, the peers', and what is made of several.

Comprehensiveness and sufficiency (ERASER's, the mean over its bins) of the predicted class's probability, with parts
masked and with parts deleted from the text. Paired differences with the best peer, with 95 % intervals over texts.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from explainers import Case, Model, Question, build, load_model
from explainers.bench.fidelity import shap_values
from explainers.contract import FloatArray
from explainers.inputs.text.edits import without
from explainers.metrics.faithfulness import kept, removed
from explainers.metrics.ranks import strongest_first
from explainers.runner import case_of, explain
from tests.evidence.texts import SETS, texts_of

BASELINES = ("mask", "pad", "unk", "mean")
POINTS = 50  # captum's default
SAMPLES = 1000  # of lime, a fifth of its default
PEERS = ("captum", "shap-peer", "lime-peer")
Map = Sequence[float]


def maps(folder: Path, *, texts: int = 100, words: tuple[int, int] = (8, 30)) -> dict[str, Any]:
    """Both embedded models, each on so many training texts."""
    models = {id: load_model(id) for id in SETS}
    asked = {id: texts_of(id, words=words, count=texts) for id in SETS}
    found: dict[str, list[dict[str, Any]]] = {id: [] for id in SETS}
    for number in range(texts):  # in turn, so that what is there after a while is of both
        for id, model in models.items():
            text = asked[id][number]
            found[id].append(stored(folder / f"{id}-{zlib.crc32(text.encode()):08x}.json", model, text))
    return {
        "each": {id: compared(each) for id, each in found.items()},
        "both": compared([one for each in found.values() for one in each]),
    }


def stored(path: Path, model: Model, text: str) -> dict[str, Any]:
    """The measures of every map of one text."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".part").write_text(json.dumps(measured(model, text)), encoding="utf-8")
        path.with_suffix(".part").rename(path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def measured(model: Model, text: str) -> dict[str, Any]:
    """maps: scores of the predicted class, and made: those of several maps; measures of each."""
    case = case_of(model, Question.about(text, precision="fp32", players="word"))
    single = {**_ours(model, text), **_peers(model, case, text)}
    every = {**single, **consensus(case, {name: each for name, each in single.items() if name not in PEERS})}
    return {
        "words": case.table.players,
        "maps": {name: list(map(float, each)) for name, each in every.items()},
        "measures": {name: measures_of(case, np.asarray(each)) for name, each in every.items()},
    }


def _ours(model: Model, text: str) -> dict[str, FloatArray]:
    found = {}
    for baseline in BASELINES:
        asked = Question.about(text, baseline=baseline, players="word")
        found[f"ig-{baseline}"] = _scores(model, asked, "integrated-gradients")
    for baseline in ("mask", "pad", "unk"):
        asked = Question.about(text, baseline=baseline, players="word")
        found[f"shap-{baseline}"] = _scores(model, asked, "shap")
    asked = Question.about(text, players="word")
    return found | {name: _scores(model, asked, name) for name in ("lime", "leave-one-out")}


def _scores(model: Model, asked: Question, method: str) -> FloatArray:
    found = explain(model, asked, build(method))
    assert found.scores is not None
    return np.asarray(found.scores[found.row()])


def _peers(model: Model, case: Case, text: str) -> dict[str, FloatArray]:
    """captum's path in the embeddings from masks with its 50 points, shap's Partition explainer, LimeTextExplainer; all
    on our words."""
    seed = zlib.crc32(text.encode())
    return {
        "captum": _captum(model, case),
        "shap-peer": shap_values(case, "partition", seed=seed),
        "lime-peer": _lime(model, case, seed=seed),
    }


def _captum(model: Model, case: Case) -> FloatArray:
    """LayerIntegratedGradients with its default rule is Gauss-Legendre quadrature of the same path."""
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    target = case.prediction.main.index
    slopes = model.path_gradients(case.inputs, (nodes + 1) / 2, value="logit", targets=[target]).products[0]
    tokens = (weights / 2) @ slopes
    owner = case.inputs.owner
    return np.bincount(owner[owner >= 0], weights=tokens[owner >= 0], minlength=case.table.players)


def _lime(model: Model, case: Case, *, seed: int) -> FloatArray:
    from lime.lime_text import LimeTextExplainer

    words = [feature.text for feature in case.inputs.features]  # type: ignore[union-attr]
    target = case.prediction.main.index
    explainer = LimeTextExplainer(split_expression=lambda text: _split(text, words), random_state=seed % 2**32)
    found = explainer.explain_instance(
        case.inputs.text, lambda asked: _probabilities(model, case, asked), labels=(target,), num_features=len(words),
        num_samples=SAMPLES,
    )  # fmt: skip
    by_word = dict(found.as_list(label=target))
    return np.array([by_word.get(word, 0.0) for word in words])


def _split(text: str, words: Sequence[str]) -> list[str]:
    """The text as our words and what stands between them."""
    found, at = [], 0
    for word in words:
        start = text.index(word, at)
        found += [text[at:start]] * (start > at) + [word]
        at = start + len(word)
    return found


def _probabilities(model: Model, case: Case, texts: Sequence[str]) -> FloatArray:
    """(texts, labels); a text with nothing in it is the model's answer to a blank."""
    distinct = list(dict.fromkeys(text if text.strip() else "." for text in texts))
    logits = dict(zip(distinct, model.scores(distinct), strict=True))
    rows = np.array([logits[text if text.strip() else "."] for text in texts])
    return np.stack([case.output.probability(rows, label) for label in range(rows.shape[1])], axis=1)


def consensus(case: Case, single: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Sums of maps of one length, by how they are weighed."""
    made = {
        "panel-mean": _weighed(single, dict.fromkeys(PANEL, 1.0)),
        "ig-average": _weighed(single, dict.fromkeys([f"ig-{name}" for name in BASELINES], 1.0)),
        "shap-average": _weighed(single, dict.fromkeys(["shap-mask", "shap-pad", "shap-unk"], 1.0)),
        "all-mean": _weighed(single, dict.fromkeys(single, 1.0)),
    }
    gains = {name: gain(case, scores) for name, scores in single.items()}
    best = max(PANEL, key=lambda name: gains[name])
    return made | {
        "panel-best": single[best],
        "panel-weighed": _weighed(single, {name: max(gains[name], 0.0) ** 2 for name in PANEL}),
        "panel-sharp": _weighed(single, {name: max(gains[name], 0.0) ** 8 for name in PANEL}),
        "all-best": single[max(single, key=lambda name: gains[name])],
        "all-weighed": _weighed(single, {name: max(gains[name], 0.0) ** 2 for name in single}),
        "panel-agreed": _agreed(single, {name: max(gains[name], 0.0) ** 2 for name in PANEL}),
    }


PANEL = ("ig-mask", "shap-mask", "lime", "leave-one-out")


def _weighed(single: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    total = sum(weights.values()) or 1.0
    return np.sum([weight / total * _unit(single[name]) for name, weight in weights.items()], axis=0)


def _agreed(single: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """The weighed mean, made smaller where weights stand against each other."""
    mean = _weighed(single, weights)
    sizes = {name: np.abs(each) for name, each in single.items()}
    against = _weighed(sizes, weights)
    return mean * np.abs(mean) / np.where(against == 0, 1.0, against)


def _unit(scores: FloatArray) -> FloatArray:
    return scores / (np.linalg.norm(scores) or 1.0)


def gain(case: Case, scores: FloatArray) -> float:
    """How much better the map is than nothing, by masking: comprehensiveness less sufficiency, at most 2."""
    found = measures_of(case, scores, deleting=False)
    return found["comprehensiveness masked"] - found["sufficiency masked"]


def measures_of(case: Case, scores: FloatArray, *, deleting: bool = True) -> dict[str, float]:
    order = strongest_first(scores)
    rows = np.concatenate([removed([order], len(scores)), kept([order], len(scores))])
    ways: dict[str, Callable[[Any], FloatArray]] = {"masked": lambda keep: _falls(case, case.table.logits(keep))}
    if deleting:
        ways["deleted"] = lambda keep: _falls(case, _deleted(case, keep))
    found = {}
    for way, ask in ways.items():
        falls = ask(rows)
        found[f"comprehensiveness {way}"] = float(falls[: len(falls) // 2].mean())
        found[f"sufficiency {way}"] = float(falls[len(falls) // 2 :].mean())
    return found


def _falls(case: Case, logits: FloatArray) -> FloatArray:
    target = case.prediction.main.index
    return np.asarray(case.output.probability(case.table.whole, target)[0] - case.output.probability(logits, target))


_SAID: dict[tuple[int, str], FloatArray] = {}


def _deleted(case: Case, keep: Any) -> FloatArray:
    """Logits (rows, labels) of the texts with the words deleted."""
    asked = [without(case.inputs, np.flatnonzero(~row)) for row in keep]
    texts = [each.text if each is not None and each.text.strip() else "." for each in asked]
    fresh = [text for text in dict.fromkeys(texts) if (id(case.model), text) not in _SAID]
    if fresh:
        _SAID.update({(id(case.model), text): row for text, row in zip(fresh, case.model.scores(fresh), strict=True)})
    return np.array([_SAID[id(case.model), text] for text in texts])


def compared(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over texts of each measure and map, and of each map against the best peer of that measure."""
    names = list(found[0]["measures"])
    report: dict[str, Any] = {"texts": len(found)}
    for measure in found[0]["measures"][names[0]]:
        values = {name: np.array([each["measures"][name][measure] for each in found]) for name in names}
        sign = -1 if measure.startswith("sufficiency") else 1
        best = max(PEERS, key=lambda name: sign * values[name].mean())
        report[measure] = {
            name: [round(float(each.mean()), 4), *interval(sign * (each - values[best]))]
            for name, each in sorted(values.items(), key=lambda pair: -sign * pair[1].mean())
        } | {"best peer": best}
    return report


def interval(differences: FloatArray) -> list[float]:
    """The mean and its 95 % interval over texts, by 2,000 resamples."""
    draw = np.random.default_rng(0)
    means = differences[draw.integers(len(differences), size=(2000, len(differences)))].mean(axis=1)
    return [round(float(each), 4) for each in (differences.mean(), *np.quantile(means, [0.025, 0.975]))]
