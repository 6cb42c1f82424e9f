"""The documentation has a heading for everything there is, and shows the figures of the cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

import explainers
from app.cli import application
from app.errors import LIBRARY, AppError
from app.main import create_app
from app.methods import docs
from app.settings import Settings
from app.train import cards

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def headings(name: str) -> set[str]:
    return set(re.findall(r"^#+ (.+?)\s*$", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE))


def commands() -> Iterator[str]:
    group = typer.main.get_command(application)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        yield from (f"whence {name} {sub}" for sub in inner) if inner else (f"whence {name}",)


def routes() -> Iterator[str]:
    for path, operations in create_app(Settings()).openapi()["paths"].items():
        yield from (f"{method.upper()} {path}" for method in operations)


def codes(error: type[AppError] = AppError) -> Iterator[str]:
    yield error.code
    for kind in error.__subclasses__():
        yield from codes(kind)


def test_the_methods_page_is_made_from_the_prose_of_the_methods() -> None:
    """`make cards` writes it; nobody edits the same sentence twice."""
    page = docs.PAGE.read_text(encoding="utf-8")

    assert docs.written(page) == page
    assert set(explainers.METHODS) - headings("methods.md") == set()


@pytest.mark.parametrize("name", explainers.METHODS)
def test_the_details_of_a_method_name_its_options(name: str) -> None:
    """As they are written in a request."""
    details = explainers.prose_of(name).text.split("## Details")[1]

    assert [option for option in explainers.explainer_class(name).model_fields if f"`{option}`" not in details] == []


def test_every_setting_has_a_heading() -> None:
    """A setting is found under the name that is typed."""
    assert {f"WHENCE_{name.upper()}" for name in Settings.model_fields} - headings("settings.md") == set()


def test_every_command_has_a_heading() -> None:
    """`whence --help` is short; the page has the examples."""
    assert set(commands()) - headings("cli.md") == set()


def test_every_route_has_a_heading() -> None:
    """Also the aliases."""
    assert set(routes()) - headings("rest.md") == set()


def test_every_error_code_has_a_heading() -> None:
    """A program that sees a code finds here what it means and what to do."""
    assert {*codes(), *LIBRARY, "invalid"} - headings("errors.md") == set()


def test_the_pages_document_nothing_that_is_gone() -> None:
    """Headings that look like a route, a setting or a command must exist."""
    written = {h for h in headings("rest.md") if re.match(r"(GET|POST|PUT|DELETE) /", h)}
    written |= {h for h in headings("settings.md") if h.startswith("WHENCE_")}
    written |= {h for h in headings("cli.md") if h.startswith("whence ")}
    there = {*routes(), *commands(), *(f"WHENCE_{name.upper()}" for name in Settings.model_fields)}

    assert written - there == set()


@pytest.mark.parametrize("name", cards.PAGES)
def test_figures_are_those_of_the_cards(name: str) -> None:
    """After a training run: make cards."""
    page = (ROOT / name).read_text(encoding="utf-8")

    assert cards.between_markers(page, cards.PAGES[name](cards.embedded_cards())) == page
    assert page.count(cards.BEGIN) == page.count(cards.END) == 1


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]


def test_links_between_the_pages_lead_somewhere() -> None:
    """A moved file or heading breaks a link silently."""
    link = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)\s]*)?\)")
    broken = [
        (str(page.relative_to(ROOT)), target)
        for page in pages()
        for target in link.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_names_the_test_that_holds_it(page: Path) -> None:
    """A decision that nothing holds is a wish."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)

    assert {"Context", "Decision", "Consequences", "Held by"} <= set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    assert named
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8") if test else True, test
