"""The whole benchmark: one record with everything that was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .. import runner
from ..contract import Model, Panel, Precision, Progress, Question, silent
from ..errors import BadInput
from ..registry import build
from . import fidelity, forward, timing
from .many import data_set, many_texts
from .peers import Peer, Rows, batched_peers_of, peers_of
from .texts import NINE, text_of

METHODS = ("shap", "lime", "integrated-gradients", "leave-one-out", "relevance", "rollout", "attention")
DRAFT = 256
LIBRARIES = ("torch", "transformers", "captum", "shap", "lime")
PARTS = ("time", "many", "errors", "seeds", "overlap")
DATASETS = "datasets"  # a part that is run where it is asked for: it takes minutes
BATCHED = ", batched"  # behind the name of a peer
SAMPLED = frozenset({"shap", "lime", "leave-one-out"})  # their evaluations are rows of the table
Asked = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """rounds: of timing. words: players of the texts. reference_rows: evaluations of each reference run beyond 14
    players. error_seeds: seeds on those texts. sentences, sentence_seeds: of the nine-word comparison. overlap_texts:
    sentences of 11 to 40 players for the overlap between seeds. data_set: texts of `data_set_words` words each, of
    which the peers explain the first `data_set_peers`."""

    rounds: int = 3
    words: tuple[int, ...] = (8, 16, 31)
    reference_rows: int = 4096
    error_seeds: int = 3
    sentences: int = 20
    sentence_seeds: int = 30
    overlap_texts: tuple[str, ...] = ()
    data_set: tuple[str, ...] = ()
    data_set_words: int = 20
    data_set_peers: int = 12

    @classmethod
    def quick(cls, words: Sequence[int]) -> BenchOptions:
        """One round and small samples: that everything runs, not how fast it is."""
        return cls(rounds=1, words=tuple(words), reference_rows=1024, error_seeds=1, sentences=2, sentence_seeds=3)


def run_bench(
    model: Model,
    options: BenchOptions,
    *,
    only: Sequence[str] | None = None,
    peers: Mapping[str, Peer] | None = None,
    batched: Mapping[str, Peer] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Whence and its peers on one model, in this process, in turn; all PARTS or `only` some, DATASETS among them.
    Raises BadInput.

    peers, batched: stand in tests for the libraries as documented and batched well.
    """
    only = PARTS if only is None else only
    if unknown := set(only) - {*PARTS, DATASETS}:
        known = ", ".join((*PARTS, DATASETS))
        raise BadInput(f"the benchmark has no part {', '.join(sorted(unknown))}; choose of {known}")
    if DATASETS in only and not options.data_set:
        raise BadInput("there are no texts for the part datasets; name a folder that holds some with --data")
    texts = {str(count): _checked(model, count) for count in options.words}
    record: dict[str, Any] = {
        "texts": texts,
        **circumstances(model),
        "options": {
            **asdict(options),
            "overlap_texts": len(options.overlap_texts),
            "data_set": len(options.data_set),
        },
    }
    if DATASETS in only:
        documented = peers_of(model) if peers is None else peers
        together = batched_peers_of(model) if batched is None else batched
        told = partial(_within, progress, 0.0, 0.9)
        record["data_set"] = data_set(model, options, documented["shap"], together["shap"], told)
    if {"time", "many"} & set(only):
        for text in texts.values():  # warm: every shape has its kernels before the clock starts
            for asked in _variants(model).values():
                _panel(model, text, asked)
        memory = {"whence_peak_mb": forward.peak_megabytes()}
        progress(0.05, "warmed up")
        theirs = peers_of(model) if peers is None else dict(peers)
        well = batched_peers_of(model) if batched is None else dict(batched)
        if "time" in only:
            record |= _timed(model, texts, options, theirs, well, partial(_within, progress, 0.1, 0.5))
        if "many" in only:
            record["many"] = many_texts(model, options, theirs["shap"], well["shap"])
        record["memory"] = memory | {"with_peers_peak_mb": forward.peak_megabytes()}
    if "errors" in only:
        record["shapley_error"] = _errors(model, texts, options, partial(_within, progress, 0.55, 0.8))
    if "seeds" in only:
        asked_texts, told = NINE[: options.sentences], partial(_within, progress, 0.8, 0.9)
        record["seed_error"] = fidelity.seed_errors(model, asked_texts, seeds=options.sentence_seeds, progress=told)
    if "overlap" in only:
        record["top5_overlap"] = _overlap(model, options, partial(_within, progress, 0.9, 1.0))
    return record


def _timed(
    model: Model,
    texts: Mapping[str, str],
    options: BenchOptions,
    theirs: Mapping[str, Peer],
    well: Mapping[str, Peer],
    progress: Progress,
) -> dict[str, Any]:
    """Seconds of the panel and of its peers, evaluations of both, and where the panel's time goes."""
    every = {**theirs, **{f"{name}{BATCHED}": peer for name, peer in well.items()}}
    variants = _variants(model)
    counted, seconds = {}, {}
    for position, (length, text) in enumerate(texts.items()):
        progress(position / len(texts), f"{length} words: peers and panels in turn")
        counted[length] = {name: _counted(peer, text) for name, peer in every.items()}
        seconds[length] = timing.in_turn(_tasks(model, text, every, variants), rounds=options.rounds)
    panels = {length: _panel(model, text, {}) for length, text in texts.items()}
    longest = str(max(options.words))
    speed = forward.efficiency_of(model, texts[longest], precision="bf16" if _half(model) else "fp32")
    return {
        **{name: _ratios(seconds, name, theirs) for name in variants},
        "batched": {name: _ratios(seconds, name, [f"{peer}{BATCHED}" for peer in well]) for name in variants},
        **{key: speed[key] for key in ("efficiency", "mean_batch")},
        "efficiency_fp32": forward.efficiency_of(model, texts[longest], precision="fp32")["efficiency"],
        "forward": speed,
        "precision": _precision(panels[longest]),
        "evaluations": {length: _evaluations(panel) for length, panel in panels.items()},
        "peer_rows": counted,
        "phases": {length: _phases(panel) for length, panel in panels.items()},
        "seconds": seconds,
    }


def _half(model: Model) -> bool:
    return model.half_check is not None and model.half_check.ok


def _variants(model: Model) -> dict[str, Asked]:
    """`panel` is what a user gets who chooses nothing; a draft takes bf16 where it may be used."""
    half = _half(model)
    fast: Precision = "bf16" if half else "fp32"
    found: dict[str, Asked] = {
        "panel": {},
        "panel_draft": {"budget": DRAFT, "precision": fast},
        "panel_fp32": {"precision": "fp32"},
        "panel_draft_fp32": {"budget": DRAFT, "precision": "fp32"},
    }
    return {**found, "panel_bf16": {"precision": "bf16"}} if half else found


def _tasks(
    model: Model, text: str, peers: Mapping[str, Peer], variants: Mapping[str, Asked]
) -> dict[str, Callable[[], Any]]:
    tasks: dict[str, Callable[[], Any]] = {name: partial(peer, text) for name, peer in peers.items()}
    return tasks | {name: partial(_panel, model, text, asked) for name, asked in variants.items()}


def _panel(model: Model, text: str, asked: Asked) -> Panel:
    """METHODS from one table, with their measures and agreement."""
    methods = [build(name) for name in METHODS]
    return runner.panel(model, Question.about(text, **asked), [m for m in methods if m.needs <= model.offers])


def _checked(model: Model, players: int) -> str:
    text = text_of(players)
    found = len(model.encode(Question.about(text)).features)
    if found != players:
        raise BadInput(f"the sentence of {players} words has {found} players for {model.id}")
    return text


def _counted(peer: Peer, text: str) -> dict[str, float] | None:
    """Rows and mean batch of one explanation; it also warms the peer up."""
    network = getattr(peer, "network", None)
    if network is None:
        peer(text)
        return None
    with Rows(network) as rows:
        peer(text)
    return {"rows": sum(rows.batches), "mean_batch": sum(rows.batches) / max(1, len(rows.batches))}


def _ratios(seconds: dict[str, dict[str, list[float]]], name: str, peers: Iterable[str]) -> dict[str, Any]:
    return timing.with_geomean(
        {length: timing.compared(by[name], {peer: by[peer] for peer in peers}) for length, by in seconds.items()}
    )


def _errors(model: Model, texts: Mapping[str, str], options: BenchOptions, progress: Progress) -> dict[str, Any]:
    """`shap` is the better of its two explainers at each length."""
    found = {
        length: fidelity.errors_of(
            model, text, rows=options.reference_rows, seeds=options.error_seeds, progress=progress
        )
        for length, text in texts.items()
    }
    return {
        "whence": {length: errors["whence"] for length, errors in found.items()},
        "whence_bf16": {length: errors["whence_bf16"] for length, errors in found.items()},
        "shap": {length: min(errors["partition"], errors["permutation"]) for length, errors in found.items()},
        "shap_partition": {length: errors["partition"] for length, errors in found.items()},
        "shap_permutation": {length: errors["permutation"] for length, errors in found.items()},
        "reference_distance": {length: errors["reference_distance"] for length, errors in found.items()},
        "reference_rows": options.reference_rows,
    }


def _overlap(model: Model, options: BenchOptions, progress: Progress) -> dict[str, Any]:
    if not options.overlap_texts:
        return {"value": None, "reason": "no sentences were given"}
    value = fidelity.overlap_of(model, options.overlap_texts, progress=progress)
    return {"value": value, "texts": len(options.overlap_texts), "seeds": 5}


def _evaluations(panel: Panel) -> dict[str, float]:
    """`measures`: rows that the measures, removals and claims added after the methods had run."""
    by_method = {found.method.name: found.forward_passes for found in panel.explanations}
    rows = sum(count for name, count in by_method.items() if name in SAMPLED)
    gradient_rows = by_method.get("integrated-gradients", 0)
    added = panel.evaluations - 1 - rows  # the text itself is the first row
    return {"table": panel.evaluations, "gradient_rows": gradient_rows, "measures": added}


def _phases(panel: Panel) -> dict[str, float]:
    """Seconds of each method, of their measures, and of the rest of the panel."""
    phases = {found.method.name: found.timings["explain"] for found in panel.explanations}
    phases["measures"] = sum(found.timings["measure"] for found in panel.explanations)
    return {**phases, "rest": panel.timings["total"] - sum(phases.values()), "total": panel.timings["total"]}


def _precision(panel: Panel) -> str:
    return next((found.precision for found in panel.explanations if found.method.name == "shap"), "fp32")


def circumstances(model: Model, libraries: Sequence[str] = LIBRARIES) -> dict[str, Any]:
    """The circumstances of a run: model, processor, threads, versions of those libraries that are installed."""
    import torch

    return {
        "model": model.id,
        "model_digest": model.digest,
        "processor": forward.processor(),
        "threads": torch.get_num_threads(),
        "versions": {name: found for name in libraries if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _within(progress: Progress, low: float, high: float, done: float, note: str = "") -> None:
    progress(low + (high - low) * done, note)
