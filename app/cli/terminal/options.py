"""Arguments and options that commands share, or that a command has many of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .inputs import Format

SOURCES = "A text, - for stdin, a file (.txt .jsonl .csv .parquet), a picture (.png .jpg .webp) or a folder of them."
Source = Annotated[str, typer.Argument(metavar="TEXT|-|FILE", help=SOURCES)]
OptionalSource = Annotated[str | None, typer.Argument(metavar="TEXT|-|FILE", help=SOURCES)]
OptionalModel = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="ID", help="A model or a folder; by default sentiment, or smollm2."),
]
ModelOption = Annotated[str, typer.Option("--model", "-m", metavar="ID", help="An embedded model or a model folder.")]
Pair = Annotated[
    str | None,
    typer.Option("--pair", "--and", metavar="TEXT", help="The second text, for models that read or compare pairs."),
]
Form = Annotated[Format | None, typer.Option("--from", help="How to read FILE or stdin; by default by its ending.")]
Column = Annotated[str, typer.Option(help="Column or field that holds the text.")]
PairColumn = Annotated[str, typer.Option(help="Column or field that holds the second text, where there is one.")]
Json = Annotated[bool, typer.Option("--json", help="JSON; one line a text where there are many.")]
Csv = Annotated[bool, typer.Option("--csv", help="CSV.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write .json, .jsonl, .csv or .parquet instead of printing.")
]
Target = Annotated[str | None, typer.Option(metavar="LABEL", help="The class to explain; by default the predicted.")]
Options = Annotated[
    list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="An option of the method; may be repeated.")
]
Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measure", metavar="NAME", help="naopc, infidelity, max-sensitivity, randomisation; may be repeated."
    ),
]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a page that opens anywhere.")]
Method = Annotated[str, typer.Option(help="See `whence methods`.")]
Word = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="The word to explain, counted from 0 (token classifiers).")
]
Than = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Why the second text is nearer than this one; of a model that compares."),
]
WordsOf = Annotated[
    Literal["both", "first", "second"] | None,
    typer.Option(help="Of two texts that are compared: whose words are explained; the other text stays whole."),
]
TextPrompt = Annotated[str | None, typer.Option(metavar="NAME", help="The encoder's prompt for the text.")]
PairPrompt = Annotated[str | None, typer.Option(metavar="NAME", help="The encoder's prompt for the second text.")]
Prompt = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Of a language model: the question whose answer is explained.")
]
Answer = Annotated[str | None, typer.Option(metavar="TEXT", help="The answer to --prompt; by default the model's own.")]
Contrast = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Why the answer rather than this one; with --prompt.")
]
System = Annotated[str | None, typer.Option(metavar="TEXT", help="Instructions that stand before the question.")]
Passages = Annotated[
    list[Path] | None, typer.Option("--passage", metavar="FILE", help="A text to answer from; may be repeated.")
]
