"""Words: every message is translated, every code the library gives has a sentence, every method its page."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

import explainers
from app import errors
from app.web import words
from app.web.forms import FORM_ERRORS
from app.web.rendering import LANGUAGES, LOCALES, TEMPLATES, environment, translations
from explainers.contract import Notice

ROOT = Path(__file__).parents[2]
JINJA = {
    "trimmed": "true",
    "newstyle_gettext": "true",
    "extensions": "jinja2.ext.i18n,jinja2.ext.do,jinja2.ext.loopcontrols",
}
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def messages() -> Iterator[str]:
    """What templates and modules ask to be translated; of a plural the singular, which is its key."""
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    modules = [*(ROOT / "app").rglob("*.py"), ROOT / "explainers" / "sentence.py"]
    for method, paths in (("jinja2", TEMPLATES.rglob("*.html")), ("python", modules)):
        for path in sorted(paths):
            with path.open("rb") as file:
                for _, message, _, _ in extract(method, file, keywords=keywords, options=JINJA):
                    yield message if isinstance(message, str) else message[0]


def plurals(language: str) -> dict[str, str]:
    """The plural of every message that has one."""
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {m.id[0]: m.id[1] for m in read_po(file, locale=language) if isinstance(m.id, list | tuple)}


def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        found = read_po(file, locale=language)
    return {
        m.id if isinstance(m.id, str) else m.id[0]: (m.string,) if isinstance(m.string, str) else tuple(m.string)
        for m in found
        if m.id
    }


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_message_is_translated(language: str) -> None:
    """Nothing is missing, nothing empty, nothing left over, nothing there twice."""
    known = catalogue(language)
    asked = set(messages()) - {""}
    text = (LOCALES / language / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8")
    written = Counter(re.findall(r'^msgid (".*"(?:\n".*")*)$', text, re.MULTILINE))

    assert asked - set(known) == set()
    assert set(known) - asked == set()
    assert [key for key, strings in known.items() if not all(strings)] == []
    assert [key for key, count in written.items() if count > 1] == []


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_translations_keep_the_places_for_values(language: str) -> None:
    """A sentence whose %(n)s got lost would not say the number; one of its own would fail the page."""
    many = plurals(language)
    for key, strings in catalogue(language).items():
        for string in strings:
            assert set(PLACES.findall(string)) == set(PLACES.findall(many.get(key, key))), key


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_template_compiles(language: str) -> None:
    """A misspelt filter or block is found here, not by a reader."""
    made = environment(language)
    for name in made.list_templates(extensions=["html"]):
        made.get_template(name)


def notice_codes() -> set[str]:
    """The codes of all findings in the library's badge, read from its source."""
    tree = ast.parse((ROOT / "explainers" / "badge.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_finding"
    ]
    return {
        argument.value
        for call in calls
        for argument in call.args[1:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_every_reason_of_a_badge_has_its_words() -> None:
    """A new finding in the library needs a sentence here."""
    assert notice_codes()
    assert notice_codes() <= set(words.NOTICES)


def test_a_notice_is_said_with_its_values() -> None:
    """Shares as percent, in the language of the page; an unknown code in the library's own English."""
    notice = Notice(code="sampling_error", text="…", values={"error": 0.19})
    other = Notice(code="new_code", text="Something new.")

    say = words.filters("zh", translations("zh").gettext)["say"]

    assert say(notice) == "抽样：分数带有 19 % 的误差。"
    assert "Something new." in say(other)
    assert words.filters("en", translations("en").gettext)["say"](other) == "Something new."


def test_a_percent_sign_of_a_stranger_is_no_format() -> None:
    """Titles and cards of model folders go through the catalogue too."""
    assert environment("zh").from_string("{{ '100 % sure %(x)s'|tr }}").render() == "100 % sure %(x)s"


def test_every_error_has_its_words() -> None:
    """Each code of the server is said to a person in their language."""
    codes = {
        kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AppError)
    }
    quiet = {"client_gone", "not_acceptable", "still_running"}  # nobody listens; pages go to the job instead

    assert codes - quiet - set(FORM_ERRORS) == set()
    assert set(errors.LIBRARY) - {"cancelled"} - set(FORM_ERRORS) == set()


def test_measures_have_the_words_of_the_library() -> None:
    """Title and reading are the library's own, so that pages, documentation and notebooks say the same."""
    assert {name: measure.title for name, measure in explainers.MEASURES.items()} == words.MEASURES
    assert {name: measure.reading for name, measure in explainers.MEASURES.items()} == words.READINGS


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("1,024 of 3856 evaluations", "已评估 1,024 / 3856 次"),
        ("epoch 1.50", "第 1.50 轮"),
        ("attention of all layers", "各层注意力"),
        ("{b} of 7 evaluations", "{b} of 7 evaluations"),
        ("1 2 3 %(x)s", "1 2 3 %(x)s"),
    ],
)
def test_a_note_of_progress_is_said_in_the_language(note: str, said: str) -> None:
    """Its numbers stay; what no catalogue knows stays as it is."""
    step = environment("zh").filters["step"]

    assert step(note) == said
    assert environment("en").filters["step"](note) == note
