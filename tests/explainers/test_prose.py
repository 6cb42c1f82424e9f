"""The words of the methods: every method has them in every language, and nothing stands in them twice."""

from __future__ import annotations

import re

import pytest

from explainers import METHODS, explainer_class, prose_of
from explainers.prose import FOLDER

LANGUAGES = sorted(folder.name for folder in FOLDER.iterdir())


def test_every_method_has_its_words_in_every_language() -> None:
    """And no file is left of a method that is gone."""
    assert LANGUAGES == ["en", "zh"]
    for language in LANGUAGES:
        assert {path.stem for path in (FOLDER / language).iterdir()} == set(METHODS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_its_five_sections(language: str) -> None:
    """What it does, how to read it, when it can be trusted, when not, details: the same headings on every page."""
    headings = {name: re.findall(r"^## (.+)$", prose_of(name, language).text, re.MULTILINE) for name in METHODS}

    assert len(set(map(tuple, headings.values()))) == 1
    assert len(headings["shap"]) == 5
    assert all(
        part.strip() for name in METHODS for part in re.split(r"^## .+$", prose_of(name, language).text, flags=re.M)[1:]
    )


def test_the_class_has_the_title_of_the_page() -> None:
    """A notebook shows the class's title, a page the prose's."""
    assert {name: explainer_class(name).title for name in METHODS} == {name: prose_of(name).title for name in METHODS}


def test_a_language_without_words_gets_english_ones() -> None:
    """A reader of an unknown language is better served by English than by an error."""
    assert prose_of("shap", "xx") == prose_of("shap", "en") != prose_of("shap", "zh")
