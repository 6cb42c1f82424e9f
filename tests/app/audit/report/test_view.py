"""The tables beside the drawings of an audit."""

from __future__ import annotations

import pytest

from app.audit.data import terms
from app.audit.report import charts, plots, report, view
from app.audit.report.content import content_of
from tests.app.audit.planted import audited


def test_every_drawing_of_the_page_has_its_figures() -> None:
    """The same groups and numbers as the content that the drawing was made of."""
    content = content_of(*audited()[:2], {})
    grids = view.drawings(content)
    drawn = plots.drawings(content, terms.filters(report.translator("en")))
    groups = view.drawn_groups(content)
    swept = content["curves"]["sweep"][0]
    calibrated = content["curves"]["calibration"]["all"]["bins"]

    assert set(grids) <= set(drawn)
    assert {"roc", "calibration", "heat", f"sweep-{swept['metric']}"} <= set(grids)
    assert [row[1] for row in grids["calibration"].rows if row[0] is None] == [
        [each["n"], each["score"], each["rate"]] for each in calibrated
    ]
    assert [row[0] for row in grids["sweep-" + swept["metric"]].rows] == swept["thresholds"]
    assert grids["sweep-" + swept["metric"]].rows[3][1][:2] == [
        swept["all"][3], swept["groups"][groups[0]][3],
    ]  # fmt: skip
    harmless = [row for row, toxic in zip(content["effects"]["scores"], content["effects"]["toxic"], strict=True)
                if not toxic]  # fmt: skip
    assert [sorted(values) for _, values in grids["heat"].rows] == [sorted(row) for row in harmless]


def test_an_older_report_is_still_drawn() -> None:
    """Before the sweep of all texts was stored, a sweep held its groups alone."""
    content = content_of(*audited()[:2], {})
    for swept in content["curves"]["sweep"]:
        del swept["all"]
    name = f"sweep-{content['curves']['sweep'][0]['metric']}"
    drawn = charts.charts(content, terms.filters(report.translator("en")))[name]

    assert view.drawings(content)[name].rows[3][1][0] is None
    assert isinstance(drawn, charts.Lines)
    assert [curve.name for curve in drawn.curves] == view.drawn_groups(content)


def test_a_curve_is_read_between_its_points() -> None:
    """Straight from one point to the next; a step is read at its top."""
    points = [[0.0, 0.0], [0.1, 0.4], [0.2, 0.4], [0.2, 0.8], [1.0, 1.0]]

    assert view._height(points, 0.05) == pytest.approx(0.2)
    assert view._height(points, 0.1) == pytest.approx(0.4)
    assert view._height(points, 0.2) == pytest.approx(0.8)
    assert view._height(points, 0.6) == pytest.approx(0.9)
