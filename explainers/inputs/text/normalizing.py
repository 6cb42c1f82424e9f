"""How much longer a tokenizer may make a text before it cuts it into tokens.

A normalizer of tokenizer.json is a list of steps that replace characters by others. A step that doubles every "z",
written 34 times, makes 17 billion characters of one: a folder that could is refused, and every text is followed step
by step.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import BadInput, BadModel

MOST_STEPS = 64
MOST_CONTENT = 64  # characters that one step may write for one
MOST_GROWTH = 4096  # by all steps together, at worst; sound tokenizers stay below 100
MOST_TIMES = 20  # characters after every step for one of the text: U+FDFA becomes 18, the most of Unicode
ALWAYS = 1000  # characters that may always be written
MOST_PIECES = 16  # texts and special tokens of one template
GROWING = frozenset({"Replace", "Prepend", "Precompiled", "ByteLevel"})  # Unicode's own forms are bounded


def refuse_growth(tokenizer: Mapping[str, Any]) -> None:
    """Raises BadModel where the normalizer or the template of a tokenizer.json could blow a text up.

    tokenizer: the object that the file holds.
    """
    steps = list(_steps(tokenizer.get("normalizer")))
    if len(steps) > MOST_STEPS:
        raise BadModel(f"tokenizer.json: the normalizer has {len(steps)} steps; at most {MOST_STEPS} are allowed")
    growth = 1.0
    for number, step in enumerate(steps):
        most, times = _growth(step)
        if most > MOST_CONTENT:
            raise BadModel(
                f"tokenizer.json: step {number} of the normalizer ({step.get('type')}) writes {most:,} characters for "
                f"one; at most {MOST_CONTENT} are allowed"
            )
        growth *= times
        if growth > MOST_GROWTH:
            raise BadModel(
                f"tokenizer.json: the normalizer could make over {MOST_GROWTH:,} characters of one: remove the steps "
                "that replace characters by more of them"
            )
    for step in _steps(tokenizer.get("post_processor"), within="processors"):
        _refuse_template(step)


def refuse_long(normalizer: Any, text: str, name: str = "text") -> None:
    """Raises BadInput where a step of the normalizer makes the text over MOST_TIMES as long; cheap for most tokenizers.

    normalizer: that of a `tokenizers.Tokenizer`, or None.
    """
    steps = list(_live(normalizer))
    if not any(type(step).__name__ in GROWING for step in steps):
        return
    allowed, now = MOST_TIMES * len(text) + ALWAYS, text
    for step in steps:
        now = step.normalize_str(now)
        if len(now) > allowed:
            raise BadInput(
                f"the model's tokenizer makes over {allowed:,} characters of the {len(text):,} of the {name}: "
                "use another text, or a tokenizer whose normalizer does not multiply characters"
            )


def _steps(value: Any, *, within: str = "normalizers") -> Iterator[Mapping[str, Any]]:
    """The steps in their order, however deep they are nested."""
    waiting = [value]
    while waiting:
        step = waiting.pop()
        if not isinstance(step, Mapping):
            continue
        if step.get("type") == "Sequence":
            inner = step.get(within)
            waiting += reversed(inner) if isinstance(inner, list) else []
        else:
            yield step


def _live(normalizer: Any) -> Iterator[Any]:
    waiting = [] if normalizer is None else [normalizer]
    while waiting:
        step = waiting.pop()
        if type(step).__name__ == "Sequence":
            waiting += reversed([step[number] for number in range(len(step))])
        else:
            yield step


def _growth(step: Mapping[str, Any]) -> tuple[int, float]:
    """Characters that the step may write at one place, and how much longer it makes a text at worst."""
    kind = step.get("type")
    if kind == "Prepend":
        return len(str(step.get("prepend", ""))), 1.0
    if kind == "ByteLevel":
        return 4, 4.0
    if kind == "Precompiled":
        return _longest_mapped(step.get("precompiled_charsmap")), 1.0
    if kind != "Replace":
        return 1, 1.0
    content, pattern = len(str(step.get("content", ""))), step.get("pattern")
    literal = pattern.get("String") if isinstance(pattern, Mapping) else pattern
    if isinstance(literal, str) and literal:
        return content, max(1.0, content / len(literal))
    return content, 1.0 + content  # a pattern that may match between two characters


def _longest_mapped(written: Any) -> int:
    """Characters of the longest replacement in a sentencepiece map: a trie, then strings that end with a zero byte."""
    try:
        held = base64.b64decode(written or "")
        (trie,) = struct.unpack_from("<I", held)
    except (binascii.Error, struct.error, TypeError, ValueError):
        return 0  # tokenizers refuses it with the reason
    return max(len(piece.decode("utf-8", "replace")) for piece in held[4 + trie :].split(b"\0"))


def _refuse_template(step: Mapping[str, Any]) -> None:
    """Raises BadModel for a template that writes a text or special tokens over and over."""
    if step.get("type") != "TemplateProcessing":
        return
    specials = step.get("special_tokens")
    ids = [len(each.get("ids", ())) for each in specials.values()] if isinstance(specials, Mapping) else []
    pieces = [len(step[name]) for name in ("single", "pair") if isinstance(step.get(name), list)]
    if max([0, *ids, *pieces]) > MOST_PIECES:
        raise BadModel(f"tokenizer.json: the template of the post_processor has over {MOST_PIECES} pieces")
