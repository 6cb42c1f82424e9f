"""whence datasets variants: whether a model stays or flips as it must when the texts of a file are changed."""

from __future__ import annotations

import json as plain
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from .._library import explainers
from ..datasets.service import DataRow
from ..schemas import first_error
from ..variants.edits import Changed, shortened
from ..variants.form import pairs_of
from ..variants.making import Variant, Varied, variants_of
from ..variants.measuring import SHOWN, answers_of, behaviour_of
from ..variants.schemas import MOST_FLIPS, How, Must, Recipe
from ..workbench.study.choose import chosen
from ..workbench.study.judging import frame_of
from ..workbench.study.language import read
from .terminal.judged import Label, Pair, Text, asked, judged, labelled, scores_of
from .terminal.output import as_json, visible
from .terminal.trouble import Mistake
from .workbench import File, Json, ModelName

LONGEST = 60  # characters of a text in a table


def variants(
    file: File,
    model: ModelName = "sentiment",
    how: Annotated[
        list[str] | None,
        typer.Option(
            "--how", metavar="HOW[=MUST]", help="typo, case, punctuation, negate, identity, flip; may repeat."
        ),
    ] = None,
    replace: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="Words replaced, all as one recipe; may be repeated.")
    ] = None,
    template: Annotated[
        list[str] | None, typer.Option(metavar="SENTENCE", help="With {text} where the text goes; may be repeated.")
    ] = None,
    where: Annotated[str, typer.Option(metavar="CONDITIONS", help="Rows to vary, by default all.")] = "",
    target: Annotated[str, typer.Option(metavar="CLASS", help="Of must = rise and fall.")] = "",
    language: Annotated[str, typer.Option(help="en or zh: of identity and negate.")] = "en",
    rows: Annotated[int, typer.Option(min=1, help="Rows at most, drawn by the seed.")] = 200,
    times: Annotated[int, typer.Option(min=1, help="Variants of a row at most.")] = 1,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="The variants as JSON lines.")] = None,
    text: Text = None,
    text_pair: Pair = None,
    label: Label = None,
    json: Json = False,
) -> None:
    """Change texts and count flips: HOW=stay, flip, rise or fall says what the prediction must do."""
    recipes = _recipes(how or (), replace or (), template or (), target=target, language=language, times=times)
    given = labelled(file, text=text, pair=text_pair, label=label, groups=())
    loaded = asked(model)
    frame = judged(given, loaded)
    numbers = np.flatnonzero(chosen(frame, read(where)))
    if not len(numbers):
        raise Mistake(f"--where {where}: no row fits")
    count = min(rows, len(numbers))
    if any(recipe.how == "flip" for recipe in recipes) and count > MOST_FLIPS:
        raise Mistake(f"--how flip: at most {MOST_FLIPS} rows, and {count:,} are chosen; add --rows {MOST_FLIPS}")
    drawn = np.sort(np.random.default_rng(seed).choice(numbers, count, replace=False)).tolist()
    chosen_rows: list[tuple[int, Varied]] = [(number, given[number]) for number in drawn]
    made = list(variants_of(chosen_rows, recipes, seed=seed, fewest=_fewest(loaded, given)))
    if not made:
        raise Mistake("no text that is chosen can be changed in these ways")
    records = _measured(loaded, frame, made, recipes, drawn, seed=seed)
    if out is not None:
        out.write_text("".join(f"{plain.dumps(_line(each, recipes), ensure_ascii=False)}\n" for each in made), "utf-8")
    if json:
        print(as_json({"rows": count, "variants": len(made), "behaviours": records}, indent=True))
        return
    _show(records)


def _recipes(
    how: Sequence[str], replace: Sequence[str], templates: Sequence[str], *, target: str, language: str, times: int
) -> list[Recipe]:
    """Raises Mistake, which names the value and what is allowed."""
    musts: dict[str, str] = dict(each.partition("=")[::2] for each in how)
    if unknown := sorted(set(musts) - set(get_args(How))):
        raise Mistake(f"--how {unknown[0]}: there is no such way; there are {', '.join(get_args(How))}")
    if wrong := sorted({must for must in musts.values() if must} - set(get_args(Must))):
        raise Mistake(f"--how …={wrong[0]}: it is stay, flip, rise or fall")
    for name, values in (("replace", replace), ("template", templates)):
        if values:
            musts.setdefault(name, "")
    if not musts:
        raise Mistake("no way to change texts is named; add --how typo, --replace good=bad or --template 'So: {text}'")
    try:
        return [
            Recipe.model_validate(
                {
                    "how": name, "must": must or None, "target": target if must in ("rise", "fall") else "",
                    "language": language, "times": times, "pairs": pairs_of("\n".join(replace)) if replace else (),
                    "templates": tuple(templates),
                }
            )
            for name, must in musts.items()
        ]  # fmt: skip
    except ValidationError as error:
        raise Mistake(first_error(error)) from None


def _fewest(model: explainers.Model, given: Sequence[Any]) -> Callable[[Sequence[int]], list[Changed | None]]:
    def found(numbers: Sequence[int]) -> list[Changed | None]:
        explainer = explainers.build("counterfactual", {"edits": 1})
        questions = [
            explainers.Question(input=explainers.TextInput(text=given[row].text, text_pair=given[row].text_pair))
            for row in numbers
        ]
        answers = explainers.explain_many(model, questions, explainer)
        return [
            None if isinstance(answer, Exception) else shortened(answer.model_dump(mode="json"), given[row].text_pair)
            for row, answer in zip(numbers, answers, strict=True)
        ]

    return found


def _measured(
    model: explainers.Model, frame: Any, made: Sequence[Variant], recipes: Sequence[Recipe], drawn: Sequence[int],
    *, seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    varied = [
        DataRow(number, each.text, each.text_pair, each.label, line=each.parent) for number, each in enumerate(made)
    ]
    after = frame_of(varied, model.labels, model.head, scores_of(varied, model))
    parents, numbers = np.array([each.parent for each in made]), np.array([each.recipe for each in made])
    answers = answers_of(frame, after, parents, numbers)
    records = []
    for number, recipe in enumerate(recipes):
        found = behaviour_of(answers, number, recipe, chosen=len(drawn), seed=seed)
        record = found.out.model_dump(mode="json", exclude={"examples", "recipe"})
        examples = [
            {
                "row": int(parents[each]), "text": frame.texts[parents[each]], "varied": after.texts[each],
                "before": answers.classes[answers.before[each]], "after": answers.classes[answers.after[each]],
                "change": float(found.change[each]),
            }
            for each in found.failing[:SHOWN].tolist()
        ]  # fmt: skip
        records.append({"how": recipe.how, **record, "examples": examples})
    return records


def _line(each: Variant, recipes: Sequence[Recipe]) -> dict[str, Any]:
    found = {
        "row": each.parent, "how": recipes[each.recipe].how, "change": each.what, "text": each.text,
        "text_pair": each.text_pair, "label": each.label,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _show(records: Sequence[dict[str, Any]]) -> None:
    table = Table("change", "must", "variants", "flipped", "interval", "failed", "interval", "p", box=None)
    for each in records:
        ends = [_span(each[name]) for name in ("interval", "failure_interval")]
        p = "" if each["p"] is None else f"{each['p']:.3g}"
        table.add_row(
            each["how"],
            each["must"],
            f"{each['n']:,}",
            _share(each["rate"]),
            ends[0],
            _share(each["failure"]),
            ends[1],
            p,
        )
    console = Console(soft_wrap=True, markup=False)
    console.print(table)
    for each in records:
        for example in each["examples"][:3]:
            texts = [visible(example[name])[:LONGEST] for name in ("text", "varied")]
            turned = f"{example['before']} → {example['after']}"
            told = f"{each['how']}, row {example['row']}: {texts[0]} → {texts[1]}  ({turned})"
            console.print(told, style="dim", markup=False)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _span(interval: Sequence[float] | None) -> str:
    return "–" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"
