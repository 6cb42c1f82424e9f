"""The content of a report: every number, computed from the plan and the stored tables alone, so that it can be
computed again and compared. Who ran it, when and where lies outside, in `run`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import rfc8785

from ..data.groups import small_groups
from ..data.plan import Chosen, Plan, Templates
from ..data.values import Floats
from ..evidence.oracle import ModelFacts
from ..evidence.stored import Stored
from ..family import gaps
from ..family.gaps import Measured
from ..family.reference import mirrors, movable
from ..measures import curves
from ..measures.calibration import calibration
from ..measures.measures import (
    average_odds_difference,
    difference,
    equalised_odds_difference,
    f1,
    figures,
    impact_ratios,
    macro_f1,
    overall,
    per_group,
    ratio,
    summed_to_overall,
    to_overall,
)
from ..measures.metrics import METRICS, RANKINGS, Kind, labelled, metric, negatives
from ..measures.ranking import bias_aucs, jigsaw_score, power_mean
from . import said, wordside
from .functional_view import functional_of
from .matches import matches_of
from .swaps_view import swaps_of
from .templates_view import effects_of

SCHEMA = "whence-audit/2"  # changes whenever the content does: a report is verified by the version that made it
DIGITS = 10  # significant digits of every number, so that the last bits of a processor are no difference


@dataclass(frozen=True)
class Declared:
    """Facts that the tables do not hold: the plan, the model, where the texts come from."""

    plan: Plan
    model: ModelFacts
    target: int
    source: Mapping[str, Any]


def content_of(
    declared: Declared, stored: Stored, tables: Mapping[str, str], measured: Measured | None = None
) -> dict[str, Any]:
    """measured: of the same plan and rows, where it is known already. Before anything is explained no gap has words."""
    plan = declared.plan
    measured = measured or gaps.measure(plan, stored)
    worst = gaps.worst(measured, plan.explain.gaps) if stored.evidence.explained else []
    found = {
        "schema": SCHEMA,
        "title": plan.title or f"{declared.model.title}: {declared.source['title']}",
        "language": plan.language,
        "plan": {**plan.model_dump(mode="json"), "sha256": plan.sha256},
        "model": _model(declared),
        "threshold": _threshold(plan, measured),
        "data": _data(declared, stored, measured),
        "family": _family(measured),
        "groups": _groups(measured),
        "tests": [plain(test) for test in measured.comparison.tests],
        "verdict": said.verdict(measured),
        "summary": _summary(measured),
        "intersections": [plain(pair) for pair in measured.pairs],
        "curves": _curves(plan, measured),
        "effects": effects_of(measured, stored, plan),
        "functional": functional_of(measured, stored, plan),
        "swaps": swaps_of(measured, stored, plan),
        "matches": matches_of(stored, plan),
        "words": wordside.words(plan, stored, measured, worst),
        "explanations": wordside.quality(plan, stored, measured),
        "examples": wordside.examples(plan, stored, measured, worst),
        "code": {"whence": _version(), "seed": plan.seed},
        "tables": dict(tables),
    }
    return dict(plain(found))


def digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(content))).hexdigest()


def plain(value: Any) -> Any:
    """JSON values: records as objects, numbers to ten significant digits, what is not finite as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{float(value):.{DIGITS}g}") if np.isfinite(value) else None
    return value


def _model(declared: Declared) -> dict[str, Any]:
    facts = declared.model
    card = facts.card or {}
    return {
        "id": facts.id,
        "title": facts.title,
        "digest": facts.digest,
        "labels": list(facts.labels),
        "head": facts.head,
        "audited": facts.labels[declared.target],
        "target": declared.target,
        "intended_use": card.get("intended_use"),
        "limits": list(card.get("limits", ())),
    }


def _threshold(plan: Plan, measured: Measured) -> dict[str, Any]:
    chosen = isinstance(plan.threshold, Chosen)
    return {
        "value": measured.rows.threshold,
        "chosen_by": plan.threshold.choose if isinstance(plan.threshold, Chosen) else None,
        "rows": measured.developed if chosen else 0,
    }


def _data(declared: Declared, stored: Stored, measured: Measured) -> dict[str, Any]:
    rows = measured.rows
    return {
        **declared.source,
        "rows": len(rows),
        "positives": None if rows.labels is None else int(rows.labels.sum()),
        "negatives": None if rows.labels is None else int(negatives(rows).sum()),
        "unlabelled": None if rows.labels is None else int((~labelled(rows)).sum()),
        "ungrouped": int(measured.membership.ungrouped.sum()),
        "twins": int(stored.twins.sum()),
        "not_comparable": _set_apart(stored, declared.plan),
        "clusters": measured.comparison.clusters,
        "design": measured.comparison.design,
    }


def _set_apart(stored: Stored, plan: Plan) -> int:
    """How many pairs of texts a reviewer's marks leave out."""
    if isinstance(plan.data, Templates):
        return len(plan.apart) * len(set(stored.clusters or ()))
    return sum({each.before, each.after} in plan.apart for each in stored.pairs)


def _family(measured: Measured) -> dict[str, Any]:
    family, said = measured.family, measured.comparison
    groups = len(measured.membership)
    return {
        "metrics": list(family.metrics),
        "groups": groups,
        "tests": family.tests(groups - len(mirrors(measured.membership))),
        "tested": said.tested,
        "found": said.found,
        "level": said.level,
        "reference": "others" if movable(measured.membership) else "no_group",
        "left_out": {name: list(names) for name, names in said.left_out.items()},
        "margin": family.margin,
        "alpha": family.alpha,
        "correction": family.correction,
        "minimum": family.minimum,
        "seed": family.seed,
        "resamples": family.resamples,
        "small": list(small_groups(measured.membership)),
    }


def _groups(measured: Measured) -> list[dict[str, Any]]:
    rows, members = measured.rows, measured.membership
    names = [name for name, known in METRICS.items() if rows.labels is not None or not known.needs_labels]
    columns = {name: figures(rows, metric(name), members.inside, minimum=measured.family.minimum) for name in names}
    selection = impact_ratios(per_group(rows, metric("selection_rate"), members.inside))
    areas = bias_aucs(rows, members) if rows.labels is not None else {}
    mixed = _mixed(measured) if rows.labels is not None else {}
    found = []
    for g, name in enumerate(members.names):
        inside = members.inside[:, g]
        enough = int(inside.sum()) >= measured.family.minimum
        found.append(
            {
                "name": name,
                "axis": members.axes[g],
                "n": int(inside.sum()),
                "background": int(members.background[:, g].sum()),
                "positives": None if rows.labels is None else int((inside & rows.labels).sum()),
                "unlabelled": None if rows.labels is None else int((inside & ~labelled(rows)).sum()),
                "unknown": members.unknown[g],
                "figures": {metric_name: plain(values[g]) for metric_name, values in columns.items()},
                "impact_ratio": float(selection[g]) if enough else None,
                "areas": {measure: float(values[g]) if enough else None for measure, values in areas.items()},
                "mixed": {measure: float(values[g]) if enough else None for measure, values in mixed.items()},
            }
        )
    return found


def _mixed(measured: Measured) -> dict[str, Floats]:
    """Measures made of several rates, one number a group, without a test."""
    rows, members = measured.rows, measured.membership
    inside, outside = (
        [per_group(rows, metric(name), side) for name in ("true_positive_rate", "false_positive_rate")]
        for side in (members.inside, members.background)
    )
    return {
        "f1": f1(rows, members.inside),
        "macro_f1": macro_f1(rows, members.inside),
        "average_odds_difference": average_odds_difference(*inside, reference=(outside[0], outside[1])),
    }


def _summary(measured: Measured) -> dict[str, Any]:
    """The gaps as the field names them, over the groups that are not suppressed."""
    rows, members = measured.rows, measured.membership
    shown = [g for g in range(len(members)) if members.inside[:, g].sum() >= measured.family.minimum]
    inside = members.inside[:, shown]
    rates = per_group(rows, metric("selection_rate"), inside)
    found: dict[str, Any] = {
        "demographic_parity_difference": difference(rates),
        "demographic_parity_ratio": ratio(rates),
        "to_overall": to_overall(rates, overall(rows, metric("selection_rate"))),
    }
    if rows.labels is None:
        return found
    values = {name: per_group(rows, metric(name), inside) for name in METRICS if METRICS[name].kind is Kind.RATE}
    areas = bias_aucs(rows, members.keep(shown))
    return found | {
        "equal_opportunity_difference": difference(values["true_positive_rate"]),
        "equalised_odds_difference": equalised_odds_difference(
            values["true_positive_rate"], values["false_positive_rate"]
        ),
        "predictive_parity_difference": difference(values["positive_predictive_value"]),
        "fped": summed_to_overall(values["false_positive_rate"], overall(rows, metric("false_positive_rate"))),
        "fned": summed_to_overall(values["false_negative_rate"], overall(rows, metric("false_negative_rate"))),
        **{f"worst_{name}": power_mean(areas[name]) for name in RANKINGS if name.endswith("auc")},
        "jigsaw_score": jigsaw_score(rows, members.keep(shown)),
    }


def _curves(plan: Plan, measured: Measured) -> dict[str, Any]:
    rows, members = measured.rows, measured.membership
    everything = np.ones(len(rows), dtype=bool)
    found: dict[str, Any] = {
        "sweep": [curves.sweep(rows, members, name) for name in _swept(measured)],
        "roc": None,
        "calibration": None,
    }
    if rows.labels is not None:
        found["roc"] = {
            "all": curves.roc(rows, everything),
            "groups": {name: curves.roc(rows, members.inside[:, g]) for g, name in enumerate(members.names)},
        }
        found["calibration"] = {
            "all": calibration(rows, everything, seed=plan.seed),
            "groups": {
                name: calibration(rows, members.inside[:, g], seed=plan.seed) for g, name in enumerate(members.names)
            },
        }
    return found


def _swept(measured: Measured) -> list[str]:
    return [name for name in measured.family.metrics if name in METRICS and METRICS[name].kind is Kind.RATE]


def _version() -> str:
    try:
        return version("whence")
    except PackageNotFoundError:
        return "0"


__all__ = ["Declared", "content_of", "digest", "plain"]
