"""A selection as a report that opens anywhere: figures, where it fails, words, rows with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...datasets.browsing.contexts import Line, matrix_of
from ...datasets.schemas import DatasetOut
from ...web import paper
from ...web.rendering import environment
from .. import drawing
from ..drawing import Piece
from ..schemas import BenchOut, BenchRow, BenchRowsOut

SHOWN = 30  # rows, the wrong and sure ones first
MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class ReportRow:
    row: BenchRow
    pieces: tuple[Piece, ...]


def to_html(found: DatasetOut, bench: BenchOut, rows: BenchRowsOut, *, name: str, digest: str, language: str) -> str:
    """One file without network and script, in the language of the page. digest: of the model."""
    matrix, columns = matrix_of(bench.confusion, bench.classes)
    lengths = drawing.lengths(bench.lengths)
    values: dict[str, Any] = {
        "dataset": found,
        "bench": bench,
        "name": name,
        "digest": digest,
        "rows": [ReportRow(each, drawing.painted(each)) for each in rows.rows],
        "total": rows.total,
        "matrix": _cut(matrix),
        "columns": columns[:MOST_COLUMNS],
        "calibration": drawing.calibrated(bench.calibration),
        "lengths": lengths,
        "whiskers": drawing.whiskers(bench.lengths, lengths) if lengths else (),
        "made": datetime.now(UTC),
        "style": paper.report_style(),
        "policy": paper.POLICY,
    }
    return environment(language).get_template("workbench/report.html").render(**values)


def _cut(matrix: Any) -> list[Line]:
    return list(matrix[:MOST_COLUMNS])
