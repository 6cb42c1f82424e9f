"""From records to page contexts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ..._library import explainers
from ...engine.schemas import ModelOut
from ...web.forms import FormError, told
from ..ask import measuring as measures
from ..ask.alike import is_model_of, rules_of
from ..ask.arriving import Coming
from ..ask.further import STABILITY, Further, Stability
from ..ask.outcome import in_words, prediction_view
from ..ask.schemas import ExplanationOut, PanelOut
from . import heatmap
from . import view as views
from .compared import compared_of
from .contexts import Anew, Facts, PanelPage, Recent, Version
from .findings import findings_of
from .further import FurtherView, StabilityView, further_view, stability_view
from .view import View

LONG = 60  # parts: beyond, the text is set smaller
RECENT_LENGTH = 200


def panel_page(
    panel: PanelOut,
    view: View,
    *,
    model: ModelOut | None,
    measured: Mapping[str, ExplanationOut],
    measuring: Coming | None,
    further: Sequence[Further],
    stability: Stability | None,
    versions: Sequence[Any],
    seconds: float | None,
    refused: Mapping[str, FormError | None],
    draft: str | None,
    exports: Sequence[tuple[str, str, str]],
    address: str,
    origin: str,
) -> PanelPage:
    panel = views.most_faithful_first(panel)
    first = panel.explanations[0] if panel.explanations else None
    features = first.features if first else ()
    unseen = first.unseen if first else ()
    scored = [found for found in panel.explanations if found.scores is not None]
    varied = None if stability is None else _stability(stability, panel, view, refused)
    asked = tuple(_further(each, panel, view, refused) for each in further)
    being_measured = measuring.asked.methods[0] if measuring and measuring.state == "running" else None
    heads = next((found.key for found in panel.explanations if "relations" in found.arrays), None)
    return PanelPage(
        panel=panel,
        key=panel.key,
        address=address,
        model_title=model.title if model else panel.model.id,
        prediction=prediction_view(panel.prediction, model.head if model and model.labels else None),
        predicted=None if panel.prediction.predicted is None else panel.prediction.predicted.index,
        specimen=views.specimen(panel),
        parts=[feature.text for feature in features],
        part_texts={index: feature.text for index, feature in enumerate(features)},
        tries=views.tries(panel),
        unknown=[feature.text for feature in features if not feature.known],
        unseen=sum(span.end - span.start for span in unseen),
        windows=len(first.windows) if first else 0,
        words=views.words(panel) if panel.prediction.words else (),
        word_classes=views.word_classes(panel),
        word=first.word if first else None,
        focus=f"{first.focus.start}-{first.focus.end}" if first and first.focus else None,
        stretches=(stretches := views.stretches(panel, view.target)),
        focuses={k: f"{f.start}-{f.end}" for k, f in enumerate(first.spans)} if first and stretches else {},
        long=len(features) > LONG or (first is not None and _long(first)),
        maps=views.maps_of(panel, view),
        findings=findings_of(panel.explanations, view.target),
        compared=compared_of(panel.explanations),
        finer=bool(first) and model is not None,
        attention=f"{address}/attention" if heads else None,
        output=panel.prediction.main.label if panel.prediction.predicted is None else None,
        rows=views.number_rows(panel.explanations, view.target),
        measures=views.measure_rows(measures.merged(panel.explanations, measured)),
        measurable=measures.missing(panel, model, measured),
        measuring=being_measured,
        measuring_share=measuring.share if measuring else 0.0,
        refused=refused,
        further=asked,
        stability=varied,
        anew=_anew(panel, model, seconds),
        versions=_versions(versions, panel.key),
        draft=draft,
        coming=being_measured is not None
        or any(each.is_coming for each in asked)
        or (varied is not None and varied.is_coming),
        players=first.players if first else "word",
        scored=[found.method.name for found in scored],
        facts=_facts(first, view) if first else None,
        baseline_says=_baseline_says(panel),
        evaluations=panel.evaluations,
        warnings=_warnings(panel),
        curl=curl(panel, origin, address),
        exports=exports,
    )


def _further(asked: Further, panel: PanelOut, view: View, refused: Mapping[str, FormError | None]) -> FurtherView:
    coming = None if asked.coming is None or asked.coming.error is None else told(asked.coming.error)
    first = panel.explanations[0] if panel.explanations else None
    return further_view(
        asked,
        target=view.target,
        players=first.players if first else "word",
        refused=refused.get(asked.method),
        coming_error=coming,
    )


def _stability(asked: Stability, panel: PanelOut, view: View, refused: Mapping[str, FormError | None]) -> StabilityView:
    wrong = next((each.error for each in asked.coming if each.error is not None), None)
    return stability_view(
        asked,
        panel,
        view.target,
        refused=refused.get(STABILITY),
        coming_error=None if wrong is None else told(wrong),
    )


def _anew(panel: PanelOut, model: ModelOut | None, seconds: float | None) -> Anew | None:
    """None where the model is not the one of the page any more."""
    first = panel.explanations[0] if panel.explanations else None
    if first is None or not is_model_of(model, panel):
        return None
    rules = rules_of(panel)
    return Anew(
        players=first.players,
        accuracy=first.accuracy,
        seed=first.method.seed,
        budget=first.budget,
        baseline=rules.get("baseline"),
        value=first.value,
        target=panel.target.label if _leaves_out(first, model) else None,
        baselines=tuple(each for each in model.baselines if each != "text"),
        values=explainers.values.ALLOWED.get(model.head, ()),
        labels=panel.prediction.labels if _leaves_out(first, model) else (),
        seconds=seconds,
        evaluations=panel.evaluations,
    )


def _leaves_out(found: ExplanationOut, model: ModelOut) -> bool:
    """Whether the model has classes that the explanation does not cover."""
    return model.task == "text" and len(model.labels) + model.labels_left_out > len(found.targets)


def _versions(chain: Sequence[Any], key: str) -> tuple[Version, ...]:
    return tuple(
        Version(
            number=number,
            address=f"/{entry.kind}s/{entry.key}",
            label=entry.label,
            probability=entry.probability,
            text=entry.text,
            current=entry.key == key,
            compare=None if entry.key == key or entry.kind != "panel" else f"/compare?a={entry.key}&b={key}",
        )
        for number, entry in enumerate(chain, start=1)
    )


def single(found: ExplanationOut, target: Any) -> PanelOut:
    """One method's explanation in the shape of a panel, so that one page shows both."""
    return PanelOut(
        key=found.key,
        target=target,
        model=found.model,
        input=found.input,
        prediction=found.prediction,
        explanations=(found,),
        agreement=None,
        evaluations=found.forward_passes,
        timings=found.timings,
    )


def curl(panel: PanelOut, origin: str, panel_address: str) -> str:
    """The request that gives the same numbers, ready for a shell."""
    kind = "panels" if panel_address.startswith("/panels/") else "explanations"
    body: dict[str, Any] = {"model": panel.model.id, "input": {"text": panel.text}}
    if panel.text_pair is not None:
        body["input"]["text_pair"] = panel.text_pair
    if panel.explanations:
        first = panel.explanations[0]
        if kind == "explanations":
            body |= {"method": first.method.name, "options": first.method.options}
        body["players"] = first.players
        if first.method.seed:
            body["seed"] = first.method.seed
        if first.word is not None:
            body["word"] = first.word
        if isinstance(first.outputs, explainers.SimilarityOutput):
            body["outputs"] = first.outputs.model_dump(exclude_none=True)
        if first.focus is not None:
            body["focus"] = [first.focus.start, first.focus.end]
    data = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl -s {origin}/v1/{kind} \\\n  -H 'Content-Type: application/json' \\\n  -d {data}"


def recent(entry: Any, panel: PanelOut | None) -> Recent:
    painted = None
    if (
        panel is not None
        and not isinstance(panel.input, explainers.FileInput)
        and entry.text_pair is None
        and len(entry.text) <= RECENT_LENGTH * 3
    ):
        chosen = next((f for name in PAINTERS for f in panel.explanations if f.method.name == name), None)
        if chosen is not None and chosen.scores is not None:
            row = chosen.row(panel.prediction.main.index)
            level = heatmap.levels(chosen.players)
            painted = views.painted(chosen, row, level[0] if level else "word", None)[0]
    return Recent(
        address=f"/{entry.kind}s/{entry.key}",
        painted=painted,
        text=entry.text if len(entry.text) <= RECENT_LENGTH else f"{entry.text[:RECENT_LENGTH]} …",
        text_pair=entry.text_pair,
        label=entry.label,
        probability=entry.probability,
        created=entry.created,
    )


def badge_of(panel: PanelOut | None) -> str | None:
    """Badge of the method that a text is painted with in small, else of the first method that has one."""
    return _first({e.method.name: e.badge.level for e in panel.explanations if e.badge is not None} if panel else {})


def badge_in(record: bytes) -> str | None:
    """Badge of a stored panel or explanation, of which nothing else is read: a filter looks at many."""
    found = json.loads(record)
    made = [each for each in found.get("explanations", [found]) if each.get("badge")]
    return _first({each["method"]["name"]: each["badge"]["level"] for each in made})


def _first(levels: Mapping[str, str]) -> str | None:
    """levels: those of the methods, in the order of the record."""
    return next((levels[name] for name in (*PAINTERS, *levels) if name in levels), None)


PAINTERS = ("shap", "integrated-gradients", "lime", "leave-one-out")


def _long(found: ExplanationOut) -> bool:
    return found.players in ("phrase", "sentence") or found.focus is not None


def _facts(found: ExplanationOut, view: View) -> Facts:
    row = found.row(view.target)
    baseline = found.baseline_output
    return Facts(
        value=found.value,
        output=float(found.output[row]),
        baseline_output=None if baseline is None else float(baseline[row]),
        baseline=found.baseline,
        players=found.players,
        seed=found.method.seed,
        accuracy=found.accuracy,
        precision=found.precision,
        device=found.device,
    )


def _baseline_says(panel: PanelOut) -> str:
    says = panel.baseline_prediction
    if says is None:
        return ""
    if says.probabilities is None:
        return in_words(says)
    return f"{says.main.label} {says.probabilities[says.main.index]:.2f}"


def _warnings(panel: PanelOut) -> Sequence[Any]:
    found = {notice.code: notice for notice in panel.warnings}
    for explanation in panel.explanations:
        found.update({notice.code: notice for notice in explanation.warnings})
    return tuple(found.values())
