"""Markdown of the project's own prose as HTML. HTML within it is shown as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape


@cache
def renderer(formula: str) -> Callable[[str], Markup]:
    """A function from Markdown to HTML. A fenced block `formula` becomes a region that scrolls, named `formula`."""
    made = MarkdownIt("commonmark", {"html": False})

    def fence(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
        block = escape(tokens[at].content.strip())
        if tokens[at].info != "formula":
            return f"<pre><code>{block}</code></pre>\n"
        return f'<p class="formula" tabindex="0" role="region" aria-label="{escape(formula)}">{block}</p>\n'

    made.add_render_rule("fence", fence)
    return lambda text: Markup(made.render(text))  # noqa: S704 - our own prose, its HTML escaped
