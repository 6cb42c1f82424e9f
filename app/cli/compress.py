"""whence compress: a smaller model from a model and a plan, with a card that names its parent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .._library import explainers
from ..compress.plan import embedded_plans, find_plan, read_plan
from ..web.formatting import number
from .terminal.output import visible
from .terminal.progress import bar
from .terminal.registered import find_model, source_of
from .terminal.trouble import Mistake, refuse_used


def compress(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An embedded model or a model folder.")],
    plan: Annotated[str, typer.Option(metavar="PLAN", help=f"A TOML file, or one of {', '.join(embedded_plans())}.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the smaller model is written.")],
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Texts to measure on and learn from, in place of the plan's.")
    ] = None,
) -> None:
    """Prune, shrink or distil a classifier; the result is a folder that is served as any other."""
    path = find_plan(plan)
    found = read_plan(path)
    refuse_used(out)
    texts = data if data is not None else None if found.data is None else path.parent / found.data
    if found.needs_texts and texts is None:
        raise Mistake(f"the plan {found.name} measures on texts; give a file of them with --data")
    with bar("loading") as progress:
        from ..compress.service import compress as run
        from ..compress.texts import read_texts

        read = read_texts(found, texts) if found.needs_texts and texts is not None else []
        parent = find_model(model)
        card = run(parent, found, read, out, data=texts, tell=progress)
    before, after = explainers.bytes_of(source_of(model)), explainers.bytes_of(out)
    for step in card["steps"]:
        print(visible(f"{step['do']}: {step['told']}"))
    print(f"{number(after / 1e6, 1)} MB instead of {number(before / 1e6, 1)} MB: {out}")
    print(f"What it changed: whence compare {model} {out} --data FILE")
