"""whence generate: what a language model answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .._library import explainers
from ..explain.ask.keys import generation_key
from .terminal import options, output
from .terminal.answering import prompt_of
from .terminal.asking import with_decoding
from .terminal.inputs import file_input, one_picture, one_text
from .terminal.registered import find_model


@with_decoding
def generate(
    text: Annotated[
        str, typer.Argument(metavar="TEXT|-", help="The question, - for stdin; a picture for its caption.")
    ],
    model: options.ModelOption = explainers.DEFAULT_LANGUAGE_MODEL,
    system: options.System = None,
    passage: options.Passages = None,
    json: options.Json = False,
    *,
    decoding: dict[str, Any],
) -> int:
    """The answer of a language model, as it comes; the caption of a picture."""
    seen = one_picture(text)
    question = one_text(text) if seen is None else file_input(seen)
    asked = prompt_of(question, system=system, passages=passage or []) if isinstance(question, str) else None
    loaded = find_model(model)
    told = None if json else _Told()
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
        """Print the rest of the answer, and say when it was cut off."""
        self(1.0, found.text)
        print()
        if found.ended == "limit":
            typer.echo(f"whence: stopped after {len(found.tokens)} tokens; --max-tokens allows more", err=True)


def record_of(found: explainers.Generation) -> dict[str, Any]:
    """The answer as JSON values, with the key under which a server would keep it."""
    key = generation_key(found.model.digest, found.input, found.decoding)
    return {**found.model_dump(mode="json"), "key": key}
