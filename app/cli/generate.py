"""whence generate: what a language model answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .._library import explainers
from ..explain.ask.keys import generation_key
from .explain import Json, ModelOption
from .terminal import output
from .terminal.answering import prompt_of
from .terminal.inputs import one_text
from .terminal.registered import find_model

System = Annotated[str | None, typer.Option(metavar="TEXT", help="Instructions that stand before the question.")]
Passages = Annotated[
    list[Path] | None, typer.Option("--passage", metavar="FILE", help="A text to answer from; may be repeated.")
]


def generate(
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The question, - for stdin.")],
    model: ModelOption = explainers.DEFAULT_LANGUAGE_MODEL,
    system: System = None,
    passage: Passages = None,
    max_tokens: Annotated[int, typer.Option(min=1, max=1024, help="Tokens of the answer at most.")] = 128,
    temperature: Annotated[float, typer.Option(min=0, max=5, help="0: the most probable token each time.")] = 0.0,
    top_p: Annotated[float, typer.Option(min=0.0, max=1.0, help="Draw from tokens of this share.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Equal seeds, equal answers.")] = 0,
    json: Json = False,
) -> int:
    """What a language model answers, as it comes."""
    question = one_text(text)
    asked = prompt_of(question, system=system, passages=passage or [])
    loaded = find_model(model)
    told = None if json else _Told()
    decoding: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "top_p": top_p, "seed": seed}
    found = explainers.generate(question, loaded, prompt=asked, progress=told or explainers.silent, **decoding)
    if json:
        print(output.as_json(record_of(found), indent=True))
    elif told:
        told.end(found)
    return 0


class _Told:
    """Prints what is new of the answer, so that control characters in it do nothing."""

    def __init__(self) -> None:
        self.said = ""

    def __call__(self, done: float, note: str = "") -> None:
        if note.startswith(self.said):
            print(output.visible(note[len(self.said) :]), end="", flush=True)
            self.said = note

    def end(self, found: explainers.Generation) -> None:
        """What is left of the answer, and how it ended."""
        self(1.0, found.text)
        print()
        if found.ended == "limit":
            typer.echo(f"whence: stopped after {len(found.tokens)} tokens; --max-tokens allows more", err=True)


def record_of(found: explainers.Generation) -> dict[str, Any]:
    """The answer as JSON values, with the key under which a server would keep it."""
    key = generation_key(found.model.digest, found.input, found.decoding)
    return {**found.model_dump(mode="json"), "key": key}
