"""A report as files: report.json with its tables, HTML without script or network, PDF, CSV tables, a model card."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

from ...explain.draw.export import safe_cells
from ...web import paper
from ...web.rendering import environment
from ..data import terms
from ..evidence import stored
from ..evidence.stored import Stored
from ..family.gaps import Measured
from . import plots
from .content import Declared, content_of, digest
from .forest import rank

TABLES = "tables"


def build(
    declared: Declared, found: Stored, folder: Path, *, run: Mapping[str, Any], measured: Measured | None = None
) -> dict[str, Any]:
    """Writes the tables below `folder` and returns the report: {content, sha256, run}; `run` is outside the hash."""
    tables = stored.write(found, folder / TABLES)
    content = content_of(declared, found, tables, measured)
    return {"content": content, "sha256": digest(content), "run": dict(run)}


def write(report: Mapping[str, Any], folder: Path, *, pdf: bool) -> list[str]:
    """Every form of the report; returns the names of the files."""
    content = report["content"]
    html = to_html(report)
    files: dict[str, bytes] = {
        "report.json": (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode(),
        "report.html": html.encode(),
        "model-card.md": model_card(report).encode(),
    }
    if pdf:
        files["report.pdf"] = paper.to_pdf(html)
    for name, rows in csv_tables(content).items():
        files[f"{TABLES}/{name}.csv"] = _csv(rows).encode()
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return list(files)


def to_html(report: Mapping[str, Any]) -> str:
    """One file in the language of the plan; its policy allows its own style and nothing else."""
    content = report["content"]
    made = environment(content["language"])
    say = terms.filters(translator(content["language"]))
    tests = {name: _sorted(content, name) for name in content["family"]["metrics"]}
    return made.get_template("audit/report.html").render(
        c=content,
        sha256=report["sha256"],
        run=report["run"],
        plots=plots.drawings(content, say),
        tests=tests,
        style=paper.report_style(),
        policy=paper.POLICY,
    )


def translator(language: str) -> Callable[[str], str]:
    found: Callable[[str], str] = environment(language).filters["tr"]
    return found


def _sorted(content: Mapping[str, Any], metric: str) -> list[Mapping[str, Any]]:
    """In the order of the page, the spread at the end."""
    mine = [test for test in content["tests"] if test["metric"] == metric]
    return sorted(mine, key=lambda test: (test["group"] is None, rank(test)))


def csv_tables(content: Mapping[str, Any]) -> dict[str, Iterator[Sequence[object]]]:
    return {
        "tests": _tests(content),
        "groups": _groups(content),
        "words": _words(content),
        "effects": _effects(content),
        "swaps": _swaps(content),
        "functional": _functional(content),
    }


def _tests(content: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    names = ("metric", "group", "n", "background_n", "value", "background_value", "gap")
    yield (*names, "low", "high", "p", "q", "detectable", "verdict", "reason")
    for test in content["tests"]:
        ends = (test["interval"]["low"], test["interval"]["high"]) if test["interval"] else (None, None)
        rest = (test["p"], test["q"], test["detectable"], test["verdict"], test["reason"])
        yield (*(test[name] for name in names), *ends, *rest)


def _groups(content: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    measures, mixed = (list(content["groups"][0][kind]) if content["groups"] else [] for kind in ("figures", "mixed"))
    yield ("group", "axis", "n", "positives", "unknown", "impact_ratio", *measures, *mixed)
    for group in content["groups"]:
        values = (group["figures"][name]["value"] for name in measures)
        facts = (group[k] for k in ("name", "axis", "n", "positives", "unknown", "impact_ratio"))
        yield (*facts, *values, *(group["mixed"][name] for name in mixed))


def _words(content: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    names = ("word", "part", "texts", "claim", "p", "q", "measured", "shift", "flips", "tried")
    yield ("metric", "group", *names)
    for gap in content["words"]:
        for word in gap["words"]:
            yield (gap["metric"], gap["group"], *(word[name] for name in names))


def _effects(content: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    yield ("label", "identity", "effect", "low", "high")
    for label in ("harmless", "of_class") if content["effects"] else ():
        for entry in content["effects"][label]["effects"]:
            ends = (entry["interval"]["low"], entry["interval"]["high"]) if entry["interval"] else (None, None)
            yield (label, entry["identity"], entry["effect"], *ends)


def _swaps(content: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    names = ("before", "after", "n", "change", "size")
    yield ("label", *names, "moved", "flips", "low", "high", "gained", "lost", "p", "q", "reason")
    for label, stratum in (content["swaps"] or {}).items():
        for cell in stratum["cells"] if stratum else ():
            flips = cell["flips"]
            ends = (flips["interval"]["low"], flips["interval"]["high"]) if flips["interval"] else (None, None)
            rest = (cell[name] for name in ("gained", "lost", "p", "q", "reason"))
            yield (label, *(cell[name] for name in names), cell["moved"]["value"], flips["value"], *ends, *rest)


def _functional(content: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    yield ("functionality", "target", "n", "accuracy", "low", "high", "reason")
    for each in content["functional"]["accuracy"] if content["functional"] else ():
        figure = each["figure"]
        ends = (figure["interval"]["low"], figure["interval"]["high"]) if figure["interval"] else (None, None)
        yield (each["functionality"], each["target"], figure["n"], figure["value"], *ends, figure["reason"])


def _csv(rows: Iterator[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(safe_cells(row) for row in rows)
    return out.getvalue()


def told(report: Mapping[str, Any]) -> str:
    """The findings, in plain lines for a terminal, in the language of the plan."""
    content = report["content"]
    made = environment(content["language"]).get_template("audit/told.txt")
    return unescape(made.render(c=content)).strip()


def model_card(report: Mapping[str, Any]) -> str:
    """The audit as a section of a model card, in Markdown."""
    content = report["content"]
    made = environment(content["language"])
    return made.get_template("audit/card.md").render(
        c=content, sha256=report["sha256"], tests={n: _sorted(content, n) for n in content["family"]["metrics"]}
    )
