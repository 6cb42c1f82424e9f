"""The prose of each method in every language: its name, the question it answers, its cost and how to read it.

The words of a method lie beside it in `methods/prose/<language>/<name>.md`: a head in TOML, then the page in Markdown.
The methods page, the documentation and /v1/explainers are made from that one file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from pathlib import Path

from .contract import Need
from .registry import METHODS, explainer_class

FOLDER = Path(__file__).parent / "methods" / "prose"
FENCE = "+++\n"
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Prose:
    """The words of one method in one language.

    brief: the title where there is little room. asks: the question the method answers. cost: what it asks of the model.
    text: Markdown with five sections: what it does, how to read it, when it can be trusted, when not, details.
    """

    title: str
    brief: str
    asks: str
    cost: str
    text: str


@cache
def prose_of(name: str, language: str = DEFAULT_LANGUAGE) -> Prose:
    """The words of a method; of one from another package what its class says. Raises UnknownExplainer."""
    if name not in METHODS:
        return _said_by_the_class(name)
    path = FOLDER / language / f"{name}.md"
    if not path.is_file():
        path = FOLDER / DEFAULT_LANGUAGE / f"{name}.md"
    _, head, text = path.read_text(encoding="utf-8").split(FENCE, 2)
    words = tomllib.loads(head)
    return Prose(words["title"], words.get("brief", words["title"]), words["asks"], words["cost"], text.strip())


def _said_by_the_class(name: str) -> Prose:
    method = explainer_class(name)
    text = cleandoc(method.__doc__ or "")
    cost = "one forward and one backward pass" if Need.GRADIENTS in method.needs else "one forward pass"
    return Prose(method.title, method.title, text.partition("\n")[0], cost, text)
