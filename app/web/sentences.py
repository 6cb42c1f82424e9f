"""The answer in a sentence, in the language of the reader: marked up for a page, or as plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from .._library import explainers

BREAK = "\x1e"  # between sentences; no text of a label holds it
STEPS = {1: 4, -1: -4}  # the tint of a part that speaks for the answer, or against it


def speech_of(language: str, translate: Callable[[str], str]) -> explainers.Speech:
    """How a language says it, as plain text."""
    english = explainers.Speech()
    if language == "en":
        return english
    return explainers.Speech(
        translate=translate,
        together=lambda parts: _chinese(parts, "和"),
        either=lambda parts: _chinese(parts, "或"),
        count=str,
        part=lambda text, sign: f"“{text}”",
        method=lambda name: explainers.prose_of(name, language).title,
        begun=str,
        join="".join,
    )


def marked_up(plain: explainers.Speech) -> explainers.Speech:
    """The sentence as HTML: named parts are painted as on the heat maps, and texts of others are escaped."""
    return explainers.Speech(
        translate=lambda message: _safe(plain.translate(message)),
        together=lambda parts: _safe(plain.together(parts)),  # of parts that are marked up already
        either=lambda parts: _safe(plain.either(parts)),
        count=plain.count,
        part=_painted,
        label=lambda label: Markup("<b dir='auto'>{}</b>").format(label),
        method=plain.method,
        begun=plain.begun,
        join=lambda sentences: _safe(plain.join(sentences)),
    )


def filters(language: str, translate: Callable[[str], str]) -> dict[str, Callable[..., Any]]:
    """`panel|answer` for a page, or as a list of its sentences; `panel|answer_text` without marks."""
    plain = speech_of(language, translate)
    speech = marked_up(plain)
    apart = replace(speech, join=BREAK.join)
    return {
        "answer": lambda panel: _said(panel, speech),
        "answer_sentences": lambda panel: [_safe(each) for each in _said(panel, apart).split(BREAK) if each],
        "answer_text": lambda panel: _said(panel, plain),
    }


def _said(panel: Any, speech: explainers.Speech) -> str:
    """The sentence of a panel; nothing for one without an answer."""
    if panel.answer is None:
        return ""
    features = panel.explanations[0].features if panel.explanations else ()
    return explainers.sentence_of(panel.answer, features, speech)


def _painted(text: str, sign: int) -> Markup:
    if not sign:
        return Markup("<q dir='auto'>{}</q>").format(text)
    return Markup("<mark class='heat' data-step='{}' dir='auto'>{}</mark>").format(STEPS[sign], text)


def _safe(text: str) -> Markup:
    """Mark HTML as safe: it comes from our own templates and from escaped parts."""
    return Markup(text)  # noqa: S704


def _chinese(parts: Sequence[str], last: str) -> str:
    return parts[0] if len(parts) == 1 else f"{'、'.join(parts[:-1])}{last}{parts[-1]}"
