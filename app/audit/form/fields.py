"""The form that declares an audit: what was typed, what is wrong with it, and the plan that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...web.forms import FormError

METRICS = ("false_positive_rate", "true_positive_rate", "selection_rate", "accuracy", "bpsn_auc", "negative_aeg")
USUAL = METRICS[:2]
SOURCES = ("templates-en", "templates-zh", "table", "swaps", "functional")
OWN = ("table", "swaps", "functional")
PRESETS = ("general", "ll144", "eu-ai-act")
LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The fields as they were typed. columns: None where the data set was chosen just now, so that nobody has ticked
    any; margin in points."""

    model: str = ""
    audited: str = ""
    threshold: str = "0.5"
    source: str = SOURCES[0]
    dataset: str = ""
    columns: tuple[str, ...] | None = None
    no_group: str = ""
    terms: str = ""
    positive: str = ""
    metrics: tuple[str, ...] = USUAL
    margin: str = "5"
    preset: str = PRESETS[0]
    title: str = ""

    @property
    def own(self) -> bool:
        return self.source in OWN

    @property
    def points(self) -> float | None:
        """The margin in points, where it is one."""
        value = number_of(self.margin)
        return value if value is not None and 0 < value < 100 else None


def typed(given: Iterable[tuple[str, str]]) -> Typed:
    """From the fields of a form or the values of an address. Ticks are called `column-N` and `metric-NAME`; `ticked` is
    the data set whose columns they are."""
    values: dict[str, str] = {}
    for name, value in given:
        values.setdefault(name, value.strip()[:LONGEST])
    columns = tuple(value for name, value in values.items() if name.startswith("column-"))
    metrics = tuple(name for name in METRICS if values.get(f"metric-{name}"))
    seen = values.get("ticked") is not None
    plain = {name: values[name] for name in Typed.__dataclass_fields__ if name in values}
    plain = {name: value for name, value in plain.items() if name not in ("columns", "metrics")}
    return Typed(
        **plain,
        columns=columns if columns or (seen and values["ticked"] == values.get("dataset", "")) else None,
        metrics=metrics if metrics or seen else USUAL,
    )


def plan_of(form: Typed, columns: Sequence[str], language: str) -> dict[str, Any]:
    """The fields of a plan; what is left open has the plan's own default. columns: those that are compared by."""
    kind, _, code = form.source.partition("-")
    data: dict[str, Any] = {"kind": "templates", "language": code or "en"}
    if kind == "swaps":
        data = {"kind": kind, "dataset": form.dataset, "terms": form.terms or "en", "positive": listed(form.positive)}
    elif kind == "functional":
        data = {"kind": kind, "dataset": form.dataset, "terms": form.terms or "en"}
    elif kind == "table":
        data = {"kind": kind, "dataset": form.dataset, "terms": form.terms or None, "groups": list(columns)}
        data |= {"no_group": listed(form.no_group), "positive": listed(form.positive)}
    return {
        "title": form.title,
        "language": language,
        "model": form.model,
        "audited": form.audited,
        "threshold": number_of(form.threshold),
        "data": data,
        "metrics": form.metrics,
        "margin": (form.points or 0.0) / 100,
        "preset": form.preset,
    }


def fault_of(form: Typed, classes: Mapping[str, Sequence[str]]) -> FormError | None:
    """The first thing that no plan can have, with the field that it stands in. classes: of each model that can be
    audited; none where it is not loaded."""
    if form.model not in classes:
        there = ", ".join(classes) or "none"
        return _fault("model", f"no model is called {form.model[:80]!r}; there are: {there}")
    known = classes[form.model]
    if form.audited and known and form.audited not in known:
        return _fault("audited", f"{form.model} has no class {form.audited[:80]!r}; there are: {', '.join(known)}")
    threshold = number_of(form.threshold)
    if threshold is None or not 0 < threshold < 1:
        return _fault("threshold", f"the threshold {form.threshold[:40]!r} is no number between 0 and 1, such as 0.5")
    if form.source not in SOURCES:
        return _fault("source", f"{form.source[:40]!r} is no kind of texts; there are: {', '.join(SOURCES)}")
    if form.own and not form.dataset:
        return _fault("dataset", "no data set is chosen: send one under Data, then choose it here")
    if not form.metrics:
        return _fault("metrics", "no measure is chosen: tick at least one")
    if form.points is None:
        return _fault("margin", f"the margin {form.margin[:40]!r} is no number of points between 0 and 100, such as 5")
    if form.preset not in PRESETS:
        return _fault("preset", f"{form.preset[:40]!r} is no kind of report; there are: {', '.join(PRESETS)}")
    return None


def _fault(field: str, detail: str) -> FormError:
    return FormError("invalid", detail, 422, field)


def listed(text: str) -> list[str]:
    """Names that were typed with commas in between."""
    return [each.strip() for each in text.split(",") if each.strip()]


def number_of(text: str) -> float | None:
    """A number as people type it, with a point or a comma."""
    plain = text.replace(",", ".", 1)
    return float(plain) if plain.replace(".", "", 1).isascii() and plain.replace(".", "", 1).isdecimal() else None
