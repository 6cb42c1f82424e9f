"""whence explain and whence predict: in this process, without a server."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console

from .._library import explainers
from ..explain.ask import answers
from ..explain.draw import export
from .terminal import options, output, work
from .terminal.answering import explain_answer
from .terminal.asking import with_game
from .terminal.inputs import Row, Texts, read_texts
from .terminal.registered import find_model
from .terminal.trouble import Mistake


@with_game
def explain(
    source: options.OptionalSource = None,
    model: options.OptionalModel = None,
    method: options.Method = "shap",
    option: options.Options = None,
    measure: options.Measures = None,
    target: options.Target = None,
    pair: options.Pair = None,
    word: options.Word = None,
    than: options.Than = None,
    words_of: options.WordsOf = None,
    text_prompt: options.TextPrompt = None,
    pair_prompt: options.PairPrompt = None,
    prompt: options.Prompt = None,
    answer: options.Answer = None,
    contrast: options.Contrast = None,
    system: options.System = None,
    passage: options.Passages = None,
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
    """Explain the prediction for a text, or the answer to a prompt."""
    if (source is None) == (prompt is None):
        raise Mistake("give one text or file, or --prompt for a language model")
    texts = read_texts(source or "", form=form, column=column, pair=pair, pair_column=pair_column)
    if html is not None and not texts.single:
        raise Mistake("--html writes one explanation; give one text")
    style = work.style_of(json=json, csv=csv, out=out)
    explainer = explainers.build(method, _options(option or []))
    usual = explainers.DEFAULT_MODEL if prompt is None else explainers.DEFAULT_LANGUAGE_MODEL
    loaded = find_model(model or usual)
    question = {**game, "word": word, "outputs": _similarity(words_of, text_prompt, pair_prompt)}

    if prompt is not None:
        return explain_answer(
            prompt, loaded, explainer, answer=answer, contrast=contrast, system=system, passages=passage or [],
            measures=measure or [], json=json, html=html, asked=question,
        )  # fmt: skip
    if than is not None:
        return _compare(texts, loaded, explainer, than=than, pair=pair, json=json, asked=question)

    def explained(row: Row, progress: Callable[..., None]) -> explainers.Attribution:
        asked = {**question, "text_pair": row.text_pair}
        found = explainers.explain(
            row.asked, loaded, method=explainer, target=target, measures=measure or (), progress=progress, **asked
        )
        if html is not None:
            html.write_text(export.to_html(found), encoding="utf-8")
        return found

    settings = [explainer.record(seed=game["seed"]).model_dump(mode="json"), question, target, measure]
    forms = _forms(target, asked=["explain", loaded.digest, *settings])
    return work.run(texts, explained, style=style, out=out, forms=forms)


def _forms(target: str | None, *, asked: list[Any]) -> work.Forms:
    """How explanations of this target, by default of the predicted class, are written."""

    def show(console: Console, found: explainers.Attribution) -> None:
        output.show_attribution(console, found, row=_row(found, target))

    return work.Forms(
        asked=asked,
        record=export.to_record,
        header=lambda: export.COLUMNS,
        cells=export.csv_rows,
        show=show,
        line=lambda number, _, found: answers.explained(number, found),
    )


def _compare(
    texts: Texts,
    model: explainers.Model,
    method: explainers.Explainer,
    *,
    than: str,
    pair: str | None,
    json: bool,
    asked: dict[str, Any],
) -> int:
    """Prints why `pair` is nearer to the text than `than` is. Raises Mistake unless there is one text to ask of."""
    if not texts.single or pair is None:
        raise Mistake("--than compares two candidates: give one text, --and TEXT and --than TEXT")
    (row,) = texts.rows
    if row.path is not None:
        raise Mistake(f"--than compares texts, and {row.text} is a picture or a recording; give a text")
    found = explainers.nearer(row.text, pair, than, model, method=method, **asked)
    if json:
        print(output.as_json(found.model_dump(mode="json"), indent=True))
    else:
        output.show_difference(Console(), found)
    return 0


def _similarity(words_of: str | None, prompt: str | None, prompt_pair: str | None) -> dict[str, Any] | None:
    """Outputs of a question about two compared texts; None where no option for them was given."""
    given = {"explain": words_of, "prompt": prompt, "prompt_pair": prompt_pair}
    named = {name: value for name, value in given.items() if value is not None}
    return {"kind": "similarity", **named} if named else None


def predict(
    source: options.Source,
    model: options.ModelOption = "sentiment",
    pair: options.Pair = None,
    json: options.Json = False,
    csv: options.Csv = False,
    out: options.Out = None,
    form: options.Form = None,
    column: options.Column = "text",
    pair_column: options.PairColumn = "text_pair",
) -> int:
    """The prediction for a text."""
    texts = read_texts(source, form=form, column=column, pair=pair, pair_column=pair_column)
    style = work.style_of(json=json, csv=csv, out=out)
    loaded = find_model(model)
    hears = loaded.task == "speech"
    recorded = output.transcript_record if hears else output.prediction_record

    def answer(row: Row, progress: Callable[..., None]) -> tuple[Row, explainers.Prediction]:
        coarse = {"players": "span"} if hears else {}  # a transcript needs no places of words
        return row, explainers.predict(row.asked, loaded, text_pair=row.text_pair, **coarse)[0]

    def record(found: tuple[Row, explainers.Prediction]) -> dict[str, Any]:
        row, prediction = found
        return {
            "model": {"id": loaded.id, "digest": loaded.digest},
            **row.named,
            **recorded(prediction),
        }

    def cells(found: tuple[Row, explainers.Prediction]) -> Iterator[tuple[object, ...]]:
        row, prediction = found
        if prediction.predicted is None:
            yield (row.text, *prediction.logits)
        elif hears:
            yield (row.text, prediction.predicted.label)
        else:
            yield (row.text, prediction.predicted.label, *(prediction.probabilities or ()))

    def show(console: Console, found: tuple[Row, explainers.Prediction]) -> None:
        output.show_prediction(console, found[0].text, found[1], heard=hears)

    forms = work.Forms(
        asked=["predict", loaded.digest],
        record=record,
        header=lambda: ("text", *(() if loaded.head == "regression" else ("predicted",)), *loaded.labels),
        cells=cells,
        show=show,
        line=lambda number, row, found: answers.predicted(number, row.text, row.text_pair, found=found[1]),
    )
    return work.run(texts, answer, style=style, out=out, forms=forms)


def _row(found: explainers.Attribution, target: str | None) -> int:
    if target is None:
        return found.row()
    return found.row(int(target) if target.isdecimal() and target not in found.prediction.labels else target)


def _options(given: list[str]) -> dict[str, Any]:
    """NAME=VALUE, the value as JSON where it is JSON, else as text. Raises Mistake."""
    found: dict[str, Any] = {}
    for entry in given:
        name, equals, value = entry.partition("=")
        if not equals or not name:
            raise Mistake(f"--option {entry!r}: write NAME=VALUE")
        try:
            found[name] = json_module.loads(value)
        except json_module.JSONDecodeError:
            found[name] = value
    return found
