"""The drawings of a report, as SVG: the same bytes for the same content, in HTML and PDF alike."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .charts import Heat, Lines, Translate, charts
from .forest import rank

INK, SOFT, LINE = "#26302b", "#6d7a73", "#c9d2cc"
RAISE, LOWER = "#d97f0e", "#3f7fbf"
DIVERGING = (LOWER, "#ffffff", RAISE)
LETTER = 9  # points, which are 12 pixels: the smallest letter on a screen
LINE_HEIGHT = 0.16  # inches of a line of such letters
STYLE: Any = {
    "svg.fonttype": "none",  # letters stay letters: they can be selected, and a reader's fonts draw Chinese
    "svg.hashsalt": "whence",
    "font.family": "sans-serif",
    "font.size": LETTER,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "text.color": INK,
}
SHADES = ("#26302b", "#a8620a", "#2f6fb0", "#7d4aa0", "#a12622", "#5c6862")  # by the number of a group, all texts first
DASHES: Sequence[Any] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MOST_ROWS = 16
FOUND = ("finding", "found, within the margin")


def svg(draw: Callable[[Any], None], *, width: float = 7.2, height: float = 4.0) -> str:
    """SVG of all that `draw` puts on a figure, without dates and without numbers that change from run to run."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # glyphs that matplotlib's own font lacks are drawn by the reader's
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    drawn = re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)
    return _without_style(re.sub(r"<metadata>.*?</metadata>\s*", "", drawn, flags=re.DOTALL))


def _without_style(drawn: str) -> str:
    """The picture drawn by attributes alone: opened at its own address, a policy without inline style holds for it."""
    plain = re.sub(r"<style.*?</style>\s*", "", drawn, flags=re.DOTALL)
    plain = plain.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    return re.sub(r'(<[^<>]*)style="([^"]*)"', lambda found: found[1] + _attributes(found[2]), plain)


def _attributes(style: str) -> str:
    declared = [each.partition(":") for each in style.split(";") if each.strip()]
    return " ".join(f'{name.strip()}="{value.strip()}"' for name, _, value in declared)


def forest(tests: Sequence[Mapping[str, Any]], *, margin: float, axis: str) -> str:
    """Gaps with their intervals, thick the one that is held against the shaded margin; what is found is filled."""
    shown = tests[:MOST_ROWS]

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.axvspan(-100 * margin, 100 * margin, color=INK, alpha=0.06, lw=0)
        axes.axvline(0, color=LINE, lw=1)
        for at, test in enumerate(reversed(shown)):
            found = test["verdict"] in FOUND
            if test["equivalence"]:
                ends = [100 * test["equivalence"]["low"], 100 * test["equivalence"]["high"]]
                axes.plot(ends, [at, at], color=LINE, lw=5, solid_capstyle="butt")
            if test["interval"]:
                ends = [100 * test["interval"]["low"], 100 * test["interval"]["high"]]
                axes.plot(ends, [at, at], color=INK if found else SOFT, lw=2 if found else 1.4, solid_capstyle="butt")
            axes.plot([100 * test["gap"]], [at], "o", ms=6, mec=INK if found else SOFT, mfc=INK if found else "white")
        axes.set_yticks(range(len(shown)), [test["group"] for test in reversed(shown)])
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(axis)

    return svg(draw, height=max(1.8, 0.26 * len(shown) + 0.7))


def lines(chart: Lines) -> str:
    """One line a group with its name beside it, that of all texts heaviest; each has a dash, so that colour is not
    needed."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        if chart.diagonal:
            axes.plot([0, 1], [0, 1], color=LINE, lw=1, ls=":")
            axes.set_aspect("equal")
        if chart.mark is not None:
            axes.axvline(chart.mark, color=LINE, lw=1, ls=":")
        behind = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8}
        for curve in chart.curves:
            array = np.array([[np.nan if v is None else v for v in point[:2]] for point in curve.points], dtype=float)
            shade, heavy = SHADES[curve.group % len(SHADES)], curve.group == 0
            axes.plot(
                array[:, 0], array[:, 1], color=shade, ls=DASHES[curve.group % len(DASHES)], lw=2 if heavy else 1.4
            )
            axes.text(
                curve.label.x, curve.label.y, curve.name, color=shade, weight="bold",
                ha=curve.label.side, va="center", bbox=behind,
            )  # fmt: skip
        axes.set(xlabel=chart.x, ylabel=chart.y, xlim=(0, 1), ylim=(0, 1.02))

    return svg(draw, height=3.6)


def heat(chart: Heat) -> str:
    """Scores of every frame with every identity, or what one group in place of another changes."""
    values = np.array([[np.nan if value is None else value for value in row] for row in chart.values], dtype=float)

    def draw(figure: Any) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        shades = LinearSegmentedColormap.from_list("signed", DIVERGING) if chart.signed else "Oranges"
        axes = figure.subplots()
        image = axes.imshow(
            values, aspect="auto", interpolation="nearest", cmap=shades, vmin=chart.low, vmax=chart.high
        )
        axes.set_yticks(range(len(chart.rows)), chart.rows)
        axes.set_xticks(range(len(chart.columns)), chart.columns, rotation=90)
        axes.set(xlabel=chart.x, ylabel=chart.y)
        axes.tick_params(length=0)
        figure.colorbar(image, ax=axes, shrink=0.5, label=chart.label)

    width, height = (LINE_HEIGHT * len(names) for names in (chart.columns, chart.rows))
    return svg(draw, width=max(7.2, width + 3.0), height=height + 2.0)


def waterfall(parts: Sequence[tuple[str, float]], total: float, *, names: tuple[str, str]) -> str:
    """Draw the gap as a sum of its parts."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        at = 0.0
        for row, (_, value) in enumerate(parts):
            colour, hatch = (RAISE, None) if value > 0 else (LOWER, "///")
            axes.barh(-row, value, left=at, color=colour, height=0.6, hatch=hatch, edgecolor="white")
            at += value
        axes.barh(-len(parts), total, color=INK, height=0.6)
        labels = [*(name for name, _ in parts), names[0]]
        axes.set_yticks([-row for row in range(len(labels))], labels)
        axes.tick_params(axis="y", length=0)
        axes.axvline(0, color=LINE, lw=1)
        axes.set_xlabel(names[1])

    return svg(draw, height=0.3 * (len(parts) + 1) + 0.7)


def drawings(content: Mapping[str, Any], say: Mapping[str, Translate]) -> dict[str, str]:
    """Every drawing of a report by name, those that its content has figures for. say: the filters of terms.py."""
    found: dict[str, str] = {}
    drawn_word, metric_name = say["drawn"], say["audit_metric"]
    for measure in content["family"]["metrics"]:
        tests = sorted(
            (t for t in content["tests"] if t["metric"] == measure and t["group"] is not None and t["gap"] is not None),
            key=rank,
        )
        if tests:
            axis = f"{metric_name(measure)}: {drawn_word('gap')}, {drawn_word('points')}"
            found[f"forest-{measure}"] = forest(tests, margin=content["family"]["margin"], axis=axis)
    for name, chart in charts(content, say).items():
        found[name] = lines(chart) if isinstance(chart, Lines) else heat(chart)
    return found | _parts(content, say)


def _parts(content: Mapping[str, Any], say: Mapping[str, Translate]) -> dict[str, str]:
    found = {}
    drawn_word, part = say["drawn"], say["audit_part"]
    for number, gap in enumerate(content["words"]):
        parts = [(part(each["name"]), each["value"]) for each in gap["parts"]["parts"]]
        parts.append((drawn_word("residual"), gap["parts"]["residual"]))
        found[f"parts-{number}"] = waterfall(
            parts, gap["parts"]["gap"], names=(drawn_word("gap"), drawn_word("log-odds"))
        )
    return found
