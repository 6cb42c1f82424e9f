"""What is drawn, as figures: the same for the picture of a report and for the drawing of a page."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from app.audit.data import terms
from app.audit.report import charts, plots, report
from app.audit.report.charts import Heat, Lines
from app.audit.report.content import content_of
from app.audit.report.labels import LETTER, LINE, labelled
from tests.app.audit.planted import IDENTITIES, PLANTED, audited

NAME = 'a <b> & 组 style="x: y"'
SAY = terms.filters(report.translator("en"))


def drawn() -> dict[str, charts.Chart]:
    return charts.charts(content_of(*audited()[:2], {}), SAY)


def test_the_matrix_holds_every_pair_as_the_table_counts_it() -> None:
    """Mean change of the probability over harmless frames, in points; nothing for an identity and itself."""
    content = content_of(*audited()[:2], {})
    found = charts.matrix(content, SAY["drawn"])
    counted = content["effects"]["harmless"]["matrix"]

    assert found is not None
    assert found.rows == found.columns
    assert sorted(found.rows) == sorted(IDENTITIES)
    assert found.rows[0] == PLANTED
    for g, row in zip(found.rows, found.values, strict=True):
        for h, value in zip(found.columns, row, strict=True):
            at = (counted["identities"].index(g), counted["identities"].index(h))
            expected = None if g == h else pytest.approx(100 * counted["change"][at[0]][at[1]], abs=0.006)
            assert value == expected


def test_curves_start_and_end_where_rates_do() -> None:
    """A ROC curve runs from nothing to everything; a sweep stands at the threshold of the audit; bins carry their n."""
    found = drawn()
    roc, sweep, calibration = found["roc"], found["sweep-false_positive_rate"], found["calibration"]

    assert isinstance(roc, Lines)
    assert isinstance(sweep, Lines)
    assert isinstance(calibration, Lines)
    assert (roc.curves[0].points[0], roc.curves[0].points[-1]) == ([0.0, 0.0], [1.0, 1.0])
    assert sweep.mark == 0.5
    assert sum(int(point[2] or 0) for point in calibration.curves[0].points) == len(audited()[1])


def test_the_picture_shows_what_the_figures_say() -> None:
    """The same names and as many curves, with one dotted line for the diagonal."""
    found = drawn()
    roc, heat = found["roc"], found["heat"]
    assert isinstance(roc, Lines)
    assert isinstance(heat, Heat)
    picture = plots.lines(roc)

    assert all(curve.name in picture for curve in roc.curves)
    assert picture.count("clip-path=") == len(roc.curves) + 1
    assert np.shape(heat.values) == (len(heat.rows), len(heat.columns))
    assert all(name in plots.heat(heat) for name in heat.columns)


def test_a_drawing_needs_no_style_of_its_own() -> None:
    """Opened at its own address the policy of the pages holds for it: style would be ignored, and all be black."""
    tests = [
        {"verdict": "finding", "interval": {"low": 0.01, "high": 0.1}, "gap": 0.05, "group": NAME, "equivalence": None},
        {"verdict": "shown equal", "interval": None, "gap": -0.05, "group": "b", "equivalence": None},
    ]
    found = plots.forest(tests, margin=0.02, axis="points")
    root = ElementTree.fromstring(found)
    every = list(root.iter())

    assert [each.tag for each in every if each.tag.endswith("style") or "style" in each.attrib] == []
    assert {each.get("fill") for each in every} >= {"none", plots.INK}
    assert {each.get("stroke-width") for each in every} >= {"2", "0.8"}
    assert root.get("stroke-linejoin") == "round"
    assert any(NAME in "".join(each.itertext()) for each in every)


def test_a_group_has_one_number_in_every_drawing() -> None:
    """So one colour and one dash; all texts have number 0, also where a group has no curve."""
    found = [chart for chart in drawn().values() if isinstance(chart, Lines)]
    numbers = {(curve.name, curve.group) for chart in found for curve in chart.curves}

    assert len(found) > 3
    assert len(numbers) == len({name for name, _ in numbers}) == len({number for _, number in numbers})
    assert all(chart.curves[0].group == 0 for chart in found)


def test_frames_have_a_scale_of_their_own() -> None:
    """From the smallest to the largest probability that is drawn."""
    heat = drawn()["heat"]
    assert isinstance(heat, Heat)
    known = [value for row in heat.values for value in row if value is not None]

    assert (heat.low, heat.high) == (min(known), max(known))


def test_names_stand_at_their_lines_and_not_on_each_other() -> None:
    """Three curves that cross; each name begins or ends next to its own line, within the drawing."""
    lines = {
        "rises": [[0.0, 0.0], [1.0, 1.0]],
        "falls": [[0.0, 1.0], [1.0, 0.0]],
        "stays": [[0.0, 0.5], [0.5, None], [1.0, 0.5]],
    }
    heights = {"rises": lambda x: x, "falls": lambda x: 1 - x, "stays": lambda x: 0.5}
    placed = labelled(list(lines.items()))

    for name, label in zip(lines, placed, strict=True):
        assert abs(label.y - heights[name](label.x)) < 0.1
        end = label.x + len(name) * LETTER * (1 if label.side == "left" else -1)
        assert min(label.x, end) >= 0
        assert max(label.x, end) <= 1
    apart = {round(label.y / LINE) for label in placed}
    assert len(apart) == 3 or len({round(label.x, 1) for label in placed}) == 3
