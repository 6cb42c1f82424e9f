"""The vocabulary of multilingual-e5-small, cut to Chinese and English, and its tokenizer.

A unigram tokenizer chooses the likeliest way to write a text in pieces. Taking away pieces that this way does not use
leaves it the likeliest, so a text whose characters are all kept is cut into the same pieces as by the whole vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import regex

# Han, unaccented letters, digits, and what scripts share: punctuation, symbols, emoji. Also one accented letter alone,
# so that café can be spelt.
KEPT = regex.compile(r"[\p{Script=Han}A-Za-z\p{Script=Common}\p{Script=Inherited}]+|▁?\p{Script=Latin}")
SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}
MASK = SPECIAL["mask_token"]
GONE = "[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\\x8f\\x9f\\ufdd0]"
BLANK = "[\\t\\n\\x0c\\r\\u1680\\u200b-\\u200f\\u2028\\u2029\\u2581\\ufeff\\ufffd]"
TILDE = ("～", "\ufdd0")  # the one character of Chinese texts that NFKC changes and the original map does not


def kept_ids(pieces: Sequence[str]) -> list[int]:
    """Ids of the pieces that stay, in their order; special ones are among them."""
    special = set(SPECIAL.values())
    return [number for number, piece in enumerate(pieces) if piece in special or KEPT.fullmatch(piece)]


def tokenizer_of(pieces: Sequence[str], scores: Sequence[float]) -> dict[str, Any]:
    """The object of tokenizer.json. pieces, scores: of the whole vocabulary; ids are numbered anew."""
    kept = kept_ids(pieces)
    number = {pieces[each]: position for position, each in enumerate(kept)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(number[piece], piece) for piece in SPECIAL.values()],
        "normalizer": {"type": "Sequence", "normalizers": _steps()},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
            ],
        },
        "post_processor": _template(number),
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "model": {
            "type": "Unigram",
            "unk_id": number[SPECIAL["unk_token"]],
            "vocab": [[pieces[each], float(scores[each])] for each in kept],
            "byte_fallback": False,
        },
    }


def _steps() -> list[dict[str, Any]]:
    """sentencepiece's map `nmt_nfkc`: control characters go, blanks become spaces, the rest is NFKC."""
    return [
        _replace({"Regex": GONE}, ""),
        _replace({"Regex": BLANK}, " "),
        _replace({"String": TILDE[0]}, TILDE[1]),
        {"type": "NFKC"},
        _replace({"String": TILDE[1]}, TILDE[0]),
        _replace({"Regex": " {2,}"}, " "),
    ]


def _replace(pattern: dict[str, str], content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _added(number: int, piece: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": piece == MASK, "rstrip": False, "normalized": False, "special": True}
    return {"id": number, "content": piece, **flags}


def _template(number: dict[str, int]) -> dict[str, Any]:
    first, last = SPECIAL["bos_token"], SPECIAL["eos_token"]
    text = {part: {"Sequence": {"id": part, "type_id": 0}} for part in "AB"}
    start, stop = ({"SpecialToken": {"id": name, "type_id": 0}} for name in (first, last))
    return {
        "type": "TemplateProcessing",
        "single": [start, text["A"], stop],
        "pair": [start, text["A"], stop, stop, text["B"], stop],
        "special_tokens": {name: {"id": name, "ids": [number[name]], "tokens": [name]} for name in (first, last)},
    }
