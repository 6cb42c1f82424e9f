"""From a plan's data to material: templates, your own texts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BadRequest
from ..data import samples
from ..data.files import Columns, rows_of
from ..data.groups import Membership, from_columns, from_mentions, says_nobody, unknown_cells
from ..data.labelling import labelling
from ..data.lexicon import Lexicon, Mention
from ..data.material import Material, Pair
from ..data.plan import Functional, Plan, Swaps, Table, Templates
from ..data.swaps.swapping import swappable, twins_of
from ..data.values import Bools
from ..measures.functional import LABEL, TEXT, cases_of
from ..report.matches import sampled

SLOT = "{identity}"
MOST_NAMED = 20  # groups that an error lists
JIGSAW = "identity templates of Jigsaw's unintended-ml-bias-analysis, CC BY 4.0"


def material_of(
    plan: Plan, *, folder: Path, dataset: Sequence[Mapping[str, Any]] | None = None, classes: Sequence[str] = ()
) -> Material:
    """folder: what paths in the plan are relative to. dataset: the rows of an uploaded data set. classes: of the model,
    which labels are matched with. Raises BadRequest, also where the plan would compare nothing."""
    found = _read(plan, folder, dataset, classes)
    _comparable(plan, found.membership)
    return found


def _read(plan: Plan, folder: Path, dataset: Sequence[Mapping[str, Any]] | None, classes: Sequence[str]) -> Material:
    data = plan.data
    if isinstance(data, Templates):
        return templates(data)
    if data.path is None:
        return _of_rows(plan, list(dataset or ()), classes)
    rows, facts = rows_of(folder / data.path, _columns(data))
    made = _of_rows(plan, rows, classes)
    left_out = {"bad_rows": facts["bad_rows"], **made.left_out} if facts["bad_rows"] else made.left_out
    return replace(made, source={**made.source, "file": facts}, left_out=left_out)


def _of_rows(plan: Plan, rows: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> Material:
    data = plan.data
    if isinstance(data, Functional):
        return functional(data, rows)
    audited = plan.audited or (classes[-1] if classes else "")
    if isinstance(data, Table):
        return table(data, rows, audited=audited, seed=plan.seed, classes=classes)
    assert isinstance(data, Swaps)
    return swapped(data, rows, audited=audited, seed=plan.seed, classes=classes)


def _comparable(plan: Plan, membership: Membership) -> None:
    """Raises BadRequest for groups that are not there, and where no group has a text to be compared with."""
    if missing := [name for name in plan.groups if name not in membership.names]:
        there = ", ".join(membership.names[:MOST_NAMED]) or "none"
        raise BadRequest(f"no text is of the group {missing[0][:80]!r}", cure=f"The groups are {there}.")
    kept = membership.against(plan.compared)
    if plan.groups:
        kept = kept.keep([kept.names.index(name) for name in plan.groups])
    if not len(kept):
        raise BadRequest("no text is of any group", cure="Name columns that say whom a text is about, or terms.")
    if kept.background.any():
        return
    if plan.compared == "no_group":
        raise BadRequest(
            'compared = "no_group" compares with texts that are known to be of no group, and there are none',
            cure="Say in data.no_group which values of a column mean that a text names no group (an empty string: an "
            'empty cell), or compare with all other texts: compared = "complement".',
        )
    raise BadRequest(
        f"every text is of the group {kept.names[0][:80]!r}: there is none to compare it with",
        cure="Add texts of other groups, or say in data.no_group which values name none.",
    )


def _columns(data: Table | Swaps | Functional) -> Columns:
    """Which columns of a file are read, and how."""
    if isinstance(data, Functional):
        named = ("target_ident", "templ_id")
        return Columns(text=TEXT, label=LABEL, groups=("functionality", *named), optional=named)
    if isinstance(data, Swaps):
        return Columns(text=data.text, label=data.label)
    return Columns(text=data.text, label=data.label, groups=(*data.groups, *((data.cluster,) if data.cluster else ())))


def templates(data: Templates) -> Material:
    """Every identity in every frame; clusters are the frames."""
    if data.path is not None:
        raise BadRequest("templates of your own are read as a table", cure="Use kind = 'table' with a cluster column.")
    frames = samples.frames(data.language)
    identities = samples.identities(data.language)
    if data.identities:
        known = {name for name, _ in identities}
        if missing := [name for name in data.identities if name not in known]:
            raise BadRequest(
                f"the templates have no identity {missing[0]!r}", cure=f"There are {', '.join(sorted(known))}."
            )
        identities = [entry for entry in identities if entry[0] in data.identities]
    names = [name for name, _ in identities]
    _known(data.not_comparable, names)
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


def table(
    data: Table, rows: Sequence[Mapping[str, Any]], *, audited: str, seed: int = 0, classes: Sequence[str] = ()
) -> Material:
    """Your own rows; a row without text is left out and counted, and so is a group that goes with such rows."""
    if not rows:
        raise BadRequest("the data set has no rows")
    needed = [name for name in (data.text, data.label, data.cluster, *data.groups) if name is not None]
    if missing := [name for name in needed if name not in rows[0]]:
        there = ", ".join(map(str, rows[0]))
        raise BadRequest(f"there is no column {missing[0]!r}; there are {there}", cure="Name one of them in the plan.")
    kept = [row for row in rows if str(row[data.text] or "").strip() and "\0" not in str(row[data.text])]
    texts = [str(row[data.text]) for row in kept]
    read = None
    if data.label is not None:
        cells = [row[data.label] for row in kept]
        read = labelling(cells, data.label, positive=data.positive, audited=audited, classes=classes)
    membership, found, facts = _groups(data, kept, texts)
    gone = sorted(set(from_columns(_cells_of(data, rows), data.no_group).names) - set(membership.names))
    return Material(
        texts=tuple(texts),
        labels=None if read is None else read.labels,
        labelled=None if read is None else read.known,
        membership=membership,
        mentions=tuple(tuple((each.start, each.end) for each in named) for named in found),
        matches=sampled(texts, found, seed=seed),
        source=_facts(
            "table",
            texts,
            Path(data.path).name if data.path else f"data set {data.dataset}",
            licence=None,
            assigned="terms" if data.terms and not data.groups else "columns",
            language=data.terms,
            **facts,
            labels=[] if read is None else list(read.listed),
            vanished=gone,
        ),
        clusters=None if data.cluster is None else tuple(str(row[data.cluster]) for row in kept),
        left_out={"no_text": len(rows) - len(kept)} if len(rows) > len(kept) else {},
    )


def swapped(
    data: Swaps, rows: Sequence[Mapping[str, Any]], *, audited: str, seed: int, classes: Sequence[str] = ()
) -> Material:
    """Your own rows, measured, and after them their twins with another group named."""
    asked = Table(
        path=data.path, dataset=data.dataset, text=data.text, label=data.label, positive=data.positive, terms=data.terms
    )
    _known(data.not_comparable, [name for groups in swappable(data.terms).values() for name in groups])
    own = table(asked, rows, audited=audited, seed=seed, classes=classes)
    names = own.membership.names
    found = twins_of(
        own.texts,
        [frozenset(names[g] for g in np.flatnonzero(inside)) for inside in own.membership.inside],
        language=data.terms,
        most=data.most,
        seed=seed,
    )
    if not found.pairs:
        there = ", ".join(name for groups in swappable(data.terms).values() for name in groups)
        raise BadRequest(
            "no text names a group that can be swapped for another",
            cure=f"There are {there}; or audit the texts as they are: kind = 'table'.",
        )
    texts = (*own.texts, *found.texts)
    lexicon = Lexicon.load(data.terms)
    everywhere = lexicon.membership(texts)
    facts = {**own.source, "kind": "swaps", "sha256": _facts("swaps", texts, "")["sha256"]}
    return replace(
        own,
        texts=texts,
        labels=_with_twins(own.labels, found.pairs),
        labelled=_with_twins(own.labelled, found.pairs),
        membership=everywhere.keep([everywhere.names.index(name) for name in names]),
        mentions=tuple(tuple((each.start, each.end) for each in lexicon.find(text)) for text in texts),
        source={**facts, "swaps": {"candidates": found.candidates, "tried": found.tried, "made": len(found.pairs)}},
        pairs=found.pairs,
        audited=len(own.texts),
        left_out={**own.left_out, **found.left_out},
    )


def _with_twins(column: Bools | None, pairs: Sequence[Pair]) -> Bools | None:
    """A column of the own rows with the same of the row that each twin was made of."""
    return None if column is None else np.append(column, column[[each.row for each in pairs]])


def _known(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> None:
    """Raises BadRequest for a pair that would silently leave nothing out."""
    wrong = next((name for pair in pairs for name in pair if name not in names), None)
    if wrong is not None:
        raise BadRequest(
            f"not_comparable: no group that stands for another is called {wrong!r}",
            cure=f"There are {', '.join(sorted(names))}.",
        )


def _groups(
    data: Table, rows: Sequence[Mapping[str, Any]], texts: Sequence[str]
) -> tuple[Membership, tuple[tuple[Mention, ...], ...], dict[str, Any]]:
    """Membership, the terms that name an identity, and what a report says of the list of terms and of blank cells."""
    columns = _cells_of(data, rows)
    own = from_columns(columns, data.no_group)
    facts: dict[str, Any] = {"unknown": list(unknown_cells(columns, data.no_group))} if columns else {}
    _named(data, columns, own)
    if data.terms is None:
        return own, tuple(() for _ in texts), facts
    lexicon = Lexicon.load(data.terms)
    mentions = tuple(tuple(lexicon.find(text)) for text in texts)
    found = lexicon.membership(texts)
    if not len(found) and not columns:
        raise BadRequest("no text names a group of the list of terms", cure="Choose the list of the texts' language.")
    used = {group.name: list(group.terms) for group in lexicon.groups if group.name in found.names}
    facts |= {"terms_sha256": lexicon.digest, "terms": used}
    return (found.beside(own) if columns else found), mentions, facts


def _cells_of(data: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in data.groups}


def _named(data: Table, columns: Mapping[str, Sequence[object]], own: Membership) -> None:
    """Raises BadRequest for a column that names no group, and for a value of no_group that no cell has."""
    if silent := [name for name in columns if name not in own.axes]:
        raise BadRequest(
            f"the column {silent[0]!r} names no group: every cell is blank, or one of data.no_group",
            cure="Name a column that says whom a text is about.",
        )
    cells = {cell for column in columns.values() for cell in column}
    for value in data.no_group:
        if not any(says_nobody(cell, {value.strip().casefold()}) for cell in cells):
            raise BadRequest(
                f"data.no_group: no cell of {', '.join(columns)} is {value[:80]!r}", cure="Write it as the file does."
            )


def functional(data: Functional, rows: Sequence[Mapping[str, Any]]) -> Material:
    """The cases of a functional test; groups are the targets named, clusters the templates."""
    title = Path(data.path).name if data.path else f"data set {data.dataset}"
    try:
        cases = cases_of(rows[0] if rows else (), enumerate(rows, start=2))
    except ValueError as error:
        raise BadRequest(f"{title}: {error}", cure="A functional test has HateCheck's columns.") from None
    texts = [case.text for case in cases]
    names = list(dict.fromkeys(case.target for case in cases if case.target))
    inside = np.array([[case.target == name for name in names] for case in cases], dtype=bool).reshape(len(cases), -1)
    lexicon = Lexicon.load(data.terms)
    return Material(
        texts=tuple(texts),
        labels=np.array([case.label for case in cases]),
        membership=from_mentions(names, ["target"] * len(names), inside),
        mentions=tuple(tuple((each.start, each.end) for each in lexicon.find(text)) for text in texts),
        source=_facts("functional", texts, title, licence=None, assigned="columns", language=data.terms),
        clusters=tuple(case.template for case in cases),
        functions=tuple(case.functionality for case in cases),
    )


def _facts(kind: str, texts: Sequence[str], title: str, **facts: Any) -> dict[str, Any]:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    read: dict[str, Any] = {"labels": [], "unknown": [], "vanished": []}
    return {"kind": kind, "title": title, "sha256": digest.hexdigest(), **read, **facts}
