"""How a folder of sentence-transformers makes a vector of a text: its modules, pooling, prompts and length.

Only what is known is followed: a module, pooling or similarity of another kind is refused by its name, because the
numbers would otherwise be those of another encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import BadModel
from ..pooling import POOLINGS, Pooling
from .contents import read_json, refuse_code
from .used import Used

MODULES = "modules.json"
LENGTHS = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)
OPTIONS = "config_sentence_transformers.json"
FLAGS: Mapping[str, Pooling] = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
SIMILARITIES = ("cosine", "dot")
MOST_PROMPTS = 100
LONGEST_PROMPT = 2000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """The steps between the last states of an encoder and the score of two texts.

    files: what it was read from. maximum_length: tokens, None where the folder names none.
    """

    pooling: Pooling
    unit: bool
    maximum_length: int | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    files: tuple[str, ...]


def read_sentence(used: Used, *, width: object) -> Sentence:
    """Raises BadModel with the file and the reason for what is not followed. width: of the encoder's states."""
    kinds, pooled = _modules(used)
    pooling = _pooling(used, pooled, width=width)
    length = next((name for name in LENGTHS if used.has(name)), None)
    options = used.checked(OPTIONS) if used.has(OPTIONS) else {}
    prompts, default = _prompts(options)
    there = (MODULES, pooled, length, OPTIONS if options else None)
    return Sentence(
        pooling=pooling,
        unit=_unit(options, normalised=kinds[-1] == "Normalize"),
        maximum_length=None if length is None else _length(used, length),
        prompts=prompts,
        default_prompt=default,
        files=tuple(name for name in there if name is not None),
    )


def _modules(used: Used) -> tuple[list[str], str]:
    """The kinds of the modules in order, and the file of the pooling."""
    listed = read_json(used.folder / MODULES)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadModel(f"{MODULES} must hold a list of modules")
    refuse_code({"modules": listed}, MODULES)
    kinds = [_kind(str(one.get("type"))) for one in listed]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise BadModel(
            f"{MODULES}: {', '.join(kinds) or 'no module'}; an encoder is a Transformer, a Pooling and at most a "
            "Normalize after it"
        )
    if listed[0].get("path") not in ("", None):
        raise BadModel(
            f"{MODULES}: the Transformer lies in {str(listed[0]['path'])[:60]!r}: save the encoder anew with a current "
            "sentence-transformers, which puts it into the folder itself"
        )
    place = listed[1].get("path")
    if not isinstance(place, str) or not place or place != place.strip("./\\") or {"/", "\\"} & set(place):
        raise BadModel(f"{MODULES}: {str(place)[:60]!r} is no folder within this one")
    if not used.has(f"{place}/config.json"):
        raise BadModel(f"{place}/config.json, which tells the pooling, is missing")
    return kinds, f"{place}/config.json"


def _kind(name: str) -> str:
    """The class of a module of sentence-transformers itself. Raises BadModel for code of another origin."""
    package, _, kind = name.rpartition(".")
    if package.split(".")[0] != "sentence_transformers":
        raise BadModel(f"{MODULES}: {name[:80]!r} is no module of sentence-transformers, and other code is not run")
    return kind


def _pooling(used: Used, file: str, *, width: object) -> Pooling:
    config = used.checked(file)
    if config.get("word_embedding_dimension", config.get("embedding_dimension", width)) != width:
        raise BadModel(f"{file}: word_embedding_dimension is not the encoder's hidden_size, {width}")
    chosen: list[Any] = [name for flag, name in FLAGS.items() if config.get(flag) is True]
    named = config.get("pooling_mode")
    if named is not None:
        chosen = [named] if isinstance(named, str) else list(named) if isinstance(named, list) else []
    if len(chosen) != 1 or chosen[0] not in POOLINGS:
        told = ", ".join(map(str, chosen)) or "nothing"
        raise BadModel(f"{file}: the pooling is {told}; exactly one of {', '.join(POOLINGS)} is read")
    if config.get("include_prompt", True) is not True:
        raise BadModel(f"{file}: include_prompt is false: a pooling that leaves the prompt out is not read")
    return next(name for name in POOLINGS if name == chosen[0])


def _length(used: Used, file: str) -> int | None:
    config = used.checked(file)
    if config.get("do_lower_case"):
        raise BadModel(f"{file}: do_lower_case is true: save the encoder with a tokenizer that does it")
    length = config.get("max_seq_length")
    if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length < 1):
        raise BadModel(f"{file}: max_seq_length is {str(length)[:40]}; it must be a number of tokens")
    return length


def _prompts(options: Mapping[str, Any]) -> tuple[dict[str, str], str | None]:
    prompts = options.get("prompts") or {}
    if not isinstance(prompts, dict) or len(prompts) > MOST_PROMPTS:
        raise BadModel(f"{OPTIONS}: prompts must name at most {MOST_PROMPTS} texts")
    for name, text in prompts.items():
        if not isinstance(text, str) or len(text) > LONGEST_PROMPT:
            raise BadModel(f"{OPTIONS}: the prompt {name[:40]!r} must be a text of at most {LONGEST_PROMPT} characters")
    default = options.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise BadModel(f"{OPTIONS}: default_prompt_name is {str(default)[:40]!r}, which prompts does not name")
    return prompts, default


def _unit(options: Mapping[str, Any], *, normalised: bool) -> bool:
    """Whether vectors have length 1: cosine, which is the default, or a folder that normalises them itself."""
    similarity = options.get("similarity_fn_name") or "cosine"
    if similarity not in SIMILARITIES:
        raise BadModel(
            f"{OPTIONS}: similarity_fn_name is {str(similarity)[:40]!r}; {' and '.join(SIMILARITIES)} are inner "
            "products and can be explained"
        )
    return normalised or similarity == "cosine"
