"""A selection as a contract: its rows beside a file of what must go on to hold on them."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterable, Sequence

from ...errors import BadRequest
from ..schemas import BenchOut, BenchRow

MOST = 20_000  # rows
GOLDEN = 10  # rows that are right and sure
SURE = 0.9
ROWS, CONTRACT = "rows.jsonl", "contract.toml"
HEAD = """# Checked by: whence check {file} MODEL
# Made of {n} rows of {dataset}: {statement}
# {model} was right on {accuracy} of them, 95 % interval {low} to {high}.
name = {name}
texts = "{rows}"
text = "text"
label = "label"

# The lower end of the interval: a model that is as good fails here about once in forty times.
[accuracy]
at_least = {least}
"""


def to_zip(bench: BenchOut, rows: Iterable[BenchRow], *, name: str, dataset: str) -> bytes:
    """contract.toml and the rows it is measured on, exactly as they are. Raises BadRequest for a selection without a
    row that can be judged, with more rows than a contract should hold, and for pairs of texts."""
    n = bench.selection.n
    if not n or bench.selection.interval is None:
        raise BadRequest("no row of the selection can be judged", cure="Choose rows with a label.")
    if bench.selection.rows > MOST:
        raise BadRequest(
            f"the selection has {bench.selection.rows:,} rows; a contract holds up to {MOST:,}",
            cure="Choose fewer rows.",
        )
    kept = [row for row in rows if row.right is not None]
    if any(row.text_pair is not None for row in kept):
        raise BadRequest("contracts are for single texts, and these rows are pairs", cure="Export the rows instead.")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(_entry(CONTRACT), toml(bench, kept, name=name, dataset=dataset))
        file.writestr(_entry(ROWS), "".join(map(_line, kept)))
    return out.getvalue()


def toml(bench: BenchOut, rows: Sequence[BenchRow], *, name: str, dataset: str) -> str:
    chosen = bench.selection
    assert chosen.interval is not None
    head = HEAD.format(
        file=CONTRACT, n=len(rows), dataset=_plain(dataset), statement=_plain(bench.statement) or "all rows",
        model=_plain(bench.model), accuracy=_share(chosen.accuracy), low=_share(chosen.interval[0]),
        high=_share(chosen.interval[1]), name=_string(name or "Selection"), rows=ROWS,
        least=math.floor(1000 * chosen.interval[0]) / 1000,
    )  # fmt: skip
    sure = [row for row in rows if row.right and row.predicted and (row.probability or 0) >= SURE]
    golden = sorted(sure, key=lambda row: (-(row.probability or 0), row.number))[:GOLDEN]
    parts = [f"\n[[golden]]\ntext = {_string(row.text)}\npredicts = {_string(str(row.predicted))}\n" for row in golden]
    return head + "".join(parts)


def _line(row: BenchRow) -> str:
    return json.dumps({"text": row.text, "label": row.label, "row": row.number}, ensure_ascii=False) + "\n"


def _entry(name: str) -> zipfile.ZipInfo:
    """Without the time of day: the same rows make the same file."""
    found = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    found.compress_type = zipfile.ZIP_DEFLATED
    return found


def _string(text: str) -> str:
    """A string of TOML: that of JSON but for the character that TOML forbids and JSON allows."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
