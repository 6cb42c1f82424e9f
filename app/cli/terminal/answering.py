"""Prompts of language models on the command line, and what their answers come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ..._library import explainers
from ...explain.draw import export
from . import output
from .trouble import Mistake


def prompt_of(text: str, *, system: str | None, passages: Sequence[Path]) -> explainers.PromptInput | None:
    """The whole prompt; None for a text alone. Raises Mistake for a passage that cannot be read."""
    if system is None and not passages:
        return None
    read = []
    for path in passages:
        try:
            read.append(path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise Mistake(f"{path}: the passage cannot be read: {error}") from error
    return explainers.PromptInput.of(text, system=system, passages=read)


def explain_answer(
    prompt: str | Path,
    model: explainers.Model,
    method: explainers.Explainer,
    *,
    answer: str | None,
    contrast: str | None,
    system: str | None,
    passages: Sequence[Path],
    measures: Sequence[str],
    json: bool,
    html: Path | None,
    asked: dict[str, Any],
) -> int:
    """Prints why the model answers that, or would: an explanation whose targets are the answer's tokens.

    prompt: a text, or the file of a picture whose caption is explained.
    """
    whole = prompt_of(prompt, system=system, passages=passages) if isinstance(prompt, str) else None
    outputs = explainers.TokenOutput(continuation=answer, contrast=contrast, whole=not json or isinstance(prompt, Path))
    found = explainers.explain(
        prompt, model, method=method, measures=measures, **{**asked, "outputs": outputs, "prompt": whole}
    )
    if html is not None:
        html.write_text(export.to_html(found), encoding="utf-8")
    if json:
        print(output.as_json(export.to_record(found), indent=True))
    else:
        show_answer(Console(), found)
    return 0


def show_answer(console: Console, found: explainers.Attribution) -> None:
    """The tokens with their probabilities, then the prompt as the last target paints it."""
    shares = found.prediction.probabilities or ()
    pairs = zip(found.prediction.labels, shares, found.targets, strict=True)
    tokens = [f"{output.visible(label)} {share:.2f}" for label, share, target in pairs if target.at is not None]
    console.print(Text("  ".join(tokens), "dim"), soft_wrap=True)
    output.show_attribution(console, found, row=found.row())
