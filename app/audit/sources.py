"""From a plan's data to material: templates, your own texts."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadRequest
from .groups import Membership, from_columns, from_mentions
from .material import Material
from .plan import Plan, Table, Templates
from .values import Bools

SAMPLES = Path(__file__).parent / "samples"
SLOT = "{identity}"
LARGEST = 200_000_000  # bytes of a file
JIGSAW = "identity templates of Jigsaw's unintended-ml-bias-analysis, CC BY 4.0"
TRUE = frozenset({"1", "true", "yes", "1.0"})


def material_of(plan: Plan, *, folder: Path, dataset: Sequence[Mapping[str, Any]] | None = None) -> Material:
    """folder: what paths in the plan are relative to. dataset: the rows of an uploaded data set. Raises BadRequest."""
    data = plan.data
    if isinstance(data, Templates):
        return templates(data)
    if isinstance(data, Table):
        rows = _rows(folder / data.path) if data.path else list(dataset or ())
        return table(data, rows, audited=plan.audited)
    raise BadRequest(f"audits of {data.kind} are not built in here")


def templates(data: Templates) -> Material:
    """Every identity in every frame; clusters are the frames."""
    if data.path is not None:
        raise BadRequest("templates of your own are read as a table", cure="Use kind = 'table' with a cluster column.")
    frames = list(_sample(f"frames.{data.language}.csv"))
    identities = [(row["identity"], row["axis"]) for row in _sample(f"identities.{data.language}.csv")]
    if data.identities:
        known = {name for name, _ in identities}
        if missing := [name for name in data.identities if name not in known]:
            raise BadRequest(
                f"the templates have no identity {missing[0]!r}", cure=f"There are {', '.join(sorted(known))}."
            )
        identities = [entry for entry in identities if entry[0] in data.identities]
    names = [name for name, _ in identities]
    texts = [frame["frame"].replace(SLOT, name) for frame in frames for name in names]
    mentions = [((at := frame["frame"].index(SLOT)), at + len(name)) for frame in frames for name in names]
    toxic = np.array([frame["toxicity"] == "toxic" for frame in frames])
    inside = np.tile(np.eye(len(names), dtype=bool), (len(frames), 1))
    return Material(
        texts=tuple(texts),
        labels=np.repeat(toxic, len(names)),
        membership=from_mentions(names, [axis for _, axis in identities], inside),
        mentions=tuple((span,) for span in mentions),
        source=_facts("templates", texts, JIGSAW, licence="CC BY 4.0", assigned="slot", language=data.language),
        clusters=tuple(frame["frame"] for frame in frames for _ in names),
    )


def table(data: Table, rows: Sequence[Mapping[str, Any]], *, audited: str) -> Material:
    """Your own rows; a row without text is left out and counted."""
    if not rows:
        raise BadRequest("the data set has no rows")
    needed = [name for name in (data.text, data.label, data.cluster, *data.groups) if name is not None]
    if missing := [name for name in needed if name not in rows[0]]:
        there = ", ".join(map(str, rows[0]))
        raise BadRequest(f"there is no column {missing[0]!r}; there are {there}", cure="Name one of them in the plan.")
    kept = [row for row in rows if str(row[data.text] or "").strip() and "\0" not in str(row[data.text])]
    texts = [str(row[data.text]) for row in kept]
    labels: Bools | None = None
    if data.label is not None:
        meant = frozenset(data.positive) or TRUE | {audited.lower()}
        labels = np.array([str(row[data.label]).strip().lower() in {m.lower() for m in meant} for row in kept])
        if labels.all() or not labels.any():
            seen = ", ".join(sorted({str(row[data.label]) for row in kept})[:10])
            raise BadRequest(
                f"the column {data.label!r} makes every row {'' if labels.all() else 'not '}of the class",
                cure=f"Say in positive which labels mean it; there are {seen}.",
            )
    membership, mentions = _groups(data, kept, texts)
    return Material(
        texts=tuple(texts),
        labels=labels,
        membership=membership,
        mentions=mentions,
        source=_facts(
            "table",
            texts,
            (data.path and Path(data.path).name) or f"data set {data.dataset}",
            licence=None,
            assigned="terms" if data.terms and not data.groups else "columns",
            language=data.terms,
        ),
        clusters=None if data.cluster is None else tuple(str(row[data.cluster]) for row in kept),
        left_out={"no_text": len(rows) - len(kept)} if len(rows) > len(kept) else {},
    )


def _groups(
    data: Table, rows: Sequence[Mapping[str, Any]], texts: Sequence[str]
) -> tuple[Membership, tuple[tuple[tuple[int, int], ...], ...]]:
    nothing: tuple[tuple[tuple[int, int], ...], ...] = tuple(() for _ in texts)
    by_column = from_columns({name: [row[name] for row in rows] for name in data.groups}) if data.groups else None
    if data.terms is None:
        assert by_column is not None
        return by_column, nothing
    raise BadRequest("groups by terms need the lexicons")


def _facts(kind: str, texts: Sequence[str], title: str, **facts: Any) -> dict[str, Any]:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return {"kind": kind, "title": title, "sha256": digest.hexdigest(), **facts}


def _sample(name: str) -> Iterator[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > LARGEST:
            raise BadRequest(f"{path} has more than {LARGEST // 1_000_000} MB", cure="Upload it as a data set.")
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read: {error}", cure="Give a CSV file in UTF-8.") from None
    return list(csv.DictReader(io.StringIO(content)))
