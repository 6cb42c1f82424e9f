"""Changes of a text: each yields the changed texts with a note of what was done, the first to be taken first.

Typing errors as people make them (Damerau 1964): two neighbours swapped, a letter left out, a letter twice.
Negation goes by rules, and a text to which none applies has no variant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..workbench.study.words import HAN, LETTER, holding
from .schemas import SLOT, Recipe

Changed: TypeAlias = tuple[str, str]  # the text, and what was done
Edit: TypeAlias = Callable[[str, np.random.Generator], Iterator[Changed]]
WORD = re.compile(rf"{LETTER}{{4,}}|[{HAN}]{{2,}}")
END = re.compile(r"[\s.!?…。！？,，;；]*$")
MARKS = re.compile(r"[.,;:!?…。，、；：！？]+")
BLANKS = re.compile(r" {2,}")
AUXILIARIES = (
    "is", "are", "was", "were", "am", "will", "would", "can", "could", "should", "must", "may", "might", "does", "do",
    "did", "has", "have", "had",
)  # fmt: skip
AUXILIARY = re.compile(rf"\b({'|'.join(AUXILIARIES)})\b(?!\s+not\b)(?!['’])", re.IGNORECASE)
NOT = re.compile(rf"\b({'|'.join((*AUXILIARIES, 'need'))})n['’]t\b|\b(can)not\b|\s+not\b", re.IGNORECASE)
IRREGULAR = {"can't": "can", "won't": "will", "shan't": "shall"}
CONTRACTED = re.compile(r"\b(can|won|shan)['’]t\b", re.IGNORECASE)
NOT_ZH = re.compile(r"不(?=[是会能可应该喜欢好想要像值])|没有?(?=[是有看去来做])")
VERB_ZH = re.compile(r"(?<![不没])(是|会|能|可以|应该|喜欢|值得|想)")


def edits_of(recipe: Recipe) -> Edit:
    """The changes of a recipe that needs no model."""
    match recipe.how:
        case "replace":
            return lambda text, rng: replacements(text, recipe.pairs, rng)
        case "template":
            return lambda text, rng: filled(text, recipe.templates, rng)
        case "identity":
            return lambda text, rng: identities(text, recipe.language, rng)
        case "negate":
            return lambda text, rng: negations(text, recipe.language)
        case "typo":
            return typos
        case "case":
            return lambda text, rng: cases(text)
        case "punctuation":
            return lambda text, rng: punctuations(text)
        case _:
            raise ValueError(f"{recipe.how} asks the model")


def replacements(text: str, pairs: Sequence[tuple[str, str]], rng: np.random.Generator) -> Iterator[Changed]:
    """Every pair whose words stand in the text, in a random order; all their places change at once."""
    for at in rng.permutation(len(pairs)):
        old, new = pairs[int(at)]
        pattern = re.compile(holding(old).pattern, re.IGNORECASE)
        changed = pattern.sub(lambda found, new=new: in_case_of(found[0], new), text)  # type: ignore[misc]
        yield changed, f"{old} → {new}"


def filled(text: str, templates: Sequence[str], rng: np.random.Generator) -> Iterator[Changed]:
    for at in rng.permutation(len(templates)):
        template = templates[int(at)]
        yield template.replace(SLOT, text), template


def identities(text: str, language: str, rng: np.random.Generator) -> Iterator[Changed]:
    """Another group of the same kind in the place of each that the text names, as the audit's twins are made."""
    from ..audit.data.swaps.swapping import every_swap

    found = list(every_swap(text, "zh" if language == "zh" else "en"))
    for at in rng.permutation(len(found)):
        own, other, changed = found[int(at)]
        yield changed, f"{own} → {other}"


def negations(text: str, language: str) -> Iterator[Changed]:
    """A negation less where the text has one, else one more behind its first auxiliary."""
    yield from _negations_zh(text) if language == "zh" else _negations_en(text)


def _negations_en(text: str) -> Iterator[Changed]:
    if found := CONTRACTED.search(text):
        whole = IRREGULAR[f"{found[1].lower()}'t"] if f"{found[1].lower()}'t" in IRREGULAR else found[1]
        yield text[: found.start()] + in_case_of(found[1], whole) + text[found.end() :], f"{found[0]} → {whole}"
    elif found := NOT.search(text):
        kept = found[1] or found[2] or ""
        yield text[: found.start()] + kept + text[found.end() :], f"{found[0].strip()} → {kept or '∅'}"
    elif found := AUXILIARY.search(text):
        inserted = " NOT" if found[0].isupper() and len(found[0]) > 1 else " not"
        yield text[: found.end()] + inserted + text[found.end() :], f"{found[0]} → {found[0]}{inserted}"


def _negations_zh(text: str) -> Iterator[Changed]:
    if found := NOT_ZH.search(text):
        yield text[: found.start()] + text[found.end() :], f"{found[0]} → ∅"
    elif found := VERB_ZH.search(text):
        yield f"{text[: found.start()]}不{text[found.start() :]}", f"{found[0]} → 不{found[0]}"


def typos(text: str, rng: np.random.Generator) -> Iterator[Changed]:
    """One typing error in a word of four letters or more, behind its first letter; in Chinese two signs swapped."""
    words = list(WORD.finditer(text))
    for at in rng.permutation(len(words)):
        found = words[int(at)]
        word = found[0]
        wrong = _mistyped(word, int(rng.integers(3)), rng)
        yield text[: found.start()] + wrong + text[found.end() :], f"{word} → {wrong}"


def _mistyped(word: str, kind: int, rng: np.random.Generator) -> str:
    if re.match(rf"[{HAN}]", word):
        place = int(rng.integers(len(word) - 1))
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    place = int(rng.integers(1, len(word) - 1))
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + word[place + 1 :] if kind == 1 else word[:place] + word[place] + word[place:]


def cases(text: str) -> Iterator[Changed]:
    yield text.lower(), "lower case"
    yield text.upper(), "UPPER CASE"
    yield re.sub(rf"(?<!['’\w]){LETTER}", lambda found: found[0].upper(), text), "Every Word"


def punctuations(text: str) -> Iterator[Changed]:
    """Without a mark at the end, with another one, and without any mark."""
    bare = END.sub("", text)
    chinese = re.search(rf"[{HAN}]", text) is not None
    yield bare, "no mark at the end"
    for mark in ("！", "。") if chinese else ("!", "."):
        yield bare + mark, f"{mark} at the end"
    yield BLANKS.sub(" ", MARKS.sub("" if chinese else " ", text)).strip(), "no marks"


def shortened(answer: Mapping[str, Any], text_pair: str | None) -> Changed | None:
    """The text without the words of an explanation's first edit; None without one, and where it touches the second
    text of a pair. answer: an explanation by `counterfactual`, as JSON values."""
    if not answer["edits"]:
        return None
    edit = answer["edits"][0]
    if edit["text"] is None or (edit["text_pair"] or None) != (text_pair or None):
        return None
    words = [answer["features"][place]["text"].strip() for place in edit["players"]]
    return edit["text"], f"− {', '.join(words)}"


def in_case_of(old: str, new: str) -> str:
    """The new words in the case of the old ones: all capitals, or a capital at their beginning."""
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new
