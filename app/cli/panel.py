"""whence panel: every method on a text, and the answer they give in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from .._library import explainers
from ..explain.ask import answers
from ..explain.draw import export
from .terminal import options, output, work
from .terminal.asking import with_game
from .terminal.inputs import Row, read_texts
from .terminal.registered import find_model
from .terminal.trouble import Mistake

COLUMNS = ("text", "trust", "answer")


@with_game
def panel(
    source: options.Source,
    model: options.ModelOption = "sentiment",
    method: Annotated[
        list[str] | None, typer.Option(help="A method of the panel; may be repeated. By default all.")
    ] = None,
    pair: options.Pair = None,
    word: options.Word = None,
    json: options.Json = False,
    csv: options.Csv = False,
    html: options.Html = None,
    out: options.Out = None,
    form: options.Form = None,
    column: options.Column = "text",
    pair_column: options.PairColumn = "text_pair",
    *,
    game: dict[str, Any],
) -> int:
    """Explain a prediction by every method: what the model says, why, and how reliable that is, in a sentence."""
    texts = read_texts(source, form=form, column=column, pair=pair, pair_column=pair_column)
    if html is not None and not texts.single:
        raise Mistake("--html writes one panel; give one text")
    style = work.style_of(json=json, csv=csv, out=out)
    if style == "parquet":
        raise Mistake(f"{out}: panels are written as .json, .jsonl or .csv")
    loaded = find_model(model)
    question = {**game, "word": word}

    def answer(row: Row, progress: Callable[..., None]) -> explainers.Panel:
        asked = {**question, "text_pair": row.text_pair}
        found = explainers.panel(row.asked, loaded, methods=method, progress=progress, **asked)
        if html is not None:
            html.write_text(export.many_to_html(found.explanations, answer=str(found)), encoding="utf-8")
        return found

    def record(found: explainers.Panel) -> dict[str, Any]:
        return found.model_dump(mode="json")

    def cells(found: explainers.Panel) -> Iterator[tuple[object, ...]]:
        yield (found.text, "" if found.answer is None else found.answer.trust, str(found))

    def show(console: Console, found: explainers.Panel) -> None:
        console.print(Text(output.visible(str(found))), soft_wrap=True)

    forms = work.Forms(
        asked=["panel", loaded.digest, question, method],
        record=record,
        header=lambda: COLUMNS,
        cells=cells,
        show=show,
        line=lambda number, row, found: answers.predicted(number, row.text, row.text_pair, found=found.prediction),
    )
    return work.run(texts, answer, style=style, out=out, forms=forms)
