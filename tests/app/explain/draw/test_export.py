"""An explanation as one HTML or CSV file."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re

import numpy as np
import pytest

from app.explain.draw import export
from tests.samples import HOSTILE, attribution


def test_the_page_runs_nothing() -> None:
    """An export is opened from a disk or a mail; hostile text in it stays text."""
    html = export.to_html(attribution(HOSTILE, text_pair=HOSTILE), title=HOSTILE)

    assert not re.search(r"<(script|img|iframe|svg|link|object|base|form)\b", html)
    assert not re.search(r"<[^>]*\son\w+\s*=", html)
    assert not re.search(r"<[^>]*\s(src|href|style)\s*=", html)
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_else() -> None:
    """Should something slip through the escaping, the browser still refuses it."""
    html = export.to_html(attribution())
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}'" in html
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert "</" not in style[1]
    assert "\r" not in style[1]


def test_the_page_shows_every_class_with_its_numbers() -> None:
    """The table under the text holds what the colours say, the predicted class first."""
    html = export.to_html(attribution("good bad"))

    assert html.index("<bdi>positive</bdi>") < html.index("<bdi>negative</bdi>")
    assert "residual 0.00e+00" in html
    assert 'class="towards s5" title="+2.0000 log-odds">good<span class="vh"> (raises positive by 2.0000' in html
    assert "<bdi>bad</bdi></td>" in html


def test_a_method_without_scores_is_exported_too() -> None:
    """Raw attention is a view of the mechanism: the file says so instead of failing."""
    found = attribution(scores=None, baseline_output=None)

    assert "scores no words" in export.to_html(found)
    assert export.to_csv(found).splitlines() == [",".join(export.COLUMNS)]


def test_csv_has_a_line_for_each_class_and_player() -> None:
    """Read back, the file gives the scores and the offsets that cut the text."""
    found = attribution("good bad", standard_errors=[[0.1, 0.2], [0.3, 0.4]])
    rows = list(csv.DictReader(io.StringIO(export.to_csv(found))))

    assert [(r["target"], r["text"], float(r["score"])) for r in rows] == [
        ("negative", "good", -2.0),
        ("negative", "bad", -1.0),
        ("positive", "good", 2.0),
        ("positive", "bad", 1.0),
    ]
    assert found.text[int(rows[1]["start"]) : int(rows[1]["end"])] == "bad"
    assert float(rows[2]["standard_error"]) == 0.3


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_text_is_never_a_formula(start: str) -> None:
    """A spreadsheet runs cells that begin like a formula; ours begin with an apostrophe then."""
    assert export.safe_cells([f"{start}1+1", "1", -1.5]) == [f"'{start}1+1", "1", -1.5]
    assert f"'{start}cmd" in export.to_csv(attribution(f"{start}cmd"))


def test_the_record_is_complete_and_plain_json() -> None:
    """JSON has no NaN, and a reader wants the residual without computing it."""
    found = attribution("good bad", baseline_output=[np.nan, 0.25])
    record = export.to_record(found)
    again = json.loads(json.dumps(record, allow_nan=False))

    assert again["residual"] == [None, 0.25]  # 3.5 − 0.25 − (2 + 1)
    assert set(again) >= set(type(found).model_fields) - {"relations", "game"}
