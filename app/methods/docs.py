"""Write what the methods say of themselves into docs/methods.md: `python -m app.methods.docs`."""

from __future__ import annotations

import re
from pathlib import Path

from .._library import explainers

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
BEGIN, END = "<!-- methods:begin -->", "<!-- methods:end -->"


def section(name: str) -> str:
    """One method: its question, its prose a level deeper, and what its class declares."""
    method, words = explainers.explainer_class(name), explainers.prose_of(name)
    lines = [f"## {name}", f"*{words.asks}*", re.sub(r"^## ", "### ", words.text, flags=re.MULTILINE)]
    lines.append(f"Costs: {words.cost}.")
    if method.promises:
        lines.append(f"Promises: {', '.join(sorted(method.promises))}.")
    if options := [f"`{option}` ({field.default})" for option, field in method.model_fields.items()]:
        lines.append(f"Options: {', '.join(options)}.")
    return "\n\n".join(lines)


def written(page: str) -> str:
    """The page with every method's section as it is today."""
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    return "".join([head, BEGIN, "\n\n", "\n\n".join(map(section, explainers.METHODS)), "\n\n", END, tail])


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
