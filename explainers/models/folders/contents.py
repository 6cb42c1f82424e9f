"""Contents of the JSON files that a model is loaded from.

Two vulnerabilities of 2026 (CVE-2026-4372, CVE-2026-5241) ran code named in config.json although remote code was
not trusted; so every field that can name code, a kernel or another place is refused, at every depth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import BadModel

WHOLE_AGAIN = "copy or download the file again"
MOST_JSON = 16 * 2**20  # bytes, for every JSON file but the vocabularies
LARGEST_NUMBER = 10_000_000  # no size of a real model comes near
MOST_REPEATED = 128  # layers and groups of layers: each is built before a weight is read

CODE_KEYS = re.compile(r"auto_map|auto_mapping|trust_remote_code|.*_internal|.*attn_implementation.*|.*kernel.*", re.I)
MORE_CODE_KEYS = frozenset({"custom_pipelines", "quantization_config"})
BUILT_IN = (None, "eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention")  # torch's own
HARMLESS = {  # what libraries themselves write into these fields of the file's first level; never passed on
    "auto_mapping": (None,),
    "_attn_implementation_autoset": (None, True, False),
    "_attn_implementation": BUILT_IN,
    "attn_implementation": BUILT_IN,
}
REPEATED = frozenset(
    {"num_hidden_layers", "n_layers", "n_layer", "num_layers", "num_hidden_groups", "inner_group_num", "depths"}
)
NOT_SIZES = re.compile(r".*theta")  # a frequency of rotary positions
ELSEWHERE = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.I)
REPOSITORY = re.compile(r"\S+--\S+")
NAMES_ONLY = frozenset({"id2label", "label2id", "added_tokens_decoder", "chat_template"})  # free text, never followed
# Where a file lay when it was saved, often a cache whose folders are called models--…; dropped before loading.
SAVED_FROM = frozenset(
    {"_name_or_path", "name_or_path", "tokenizer_file", "special_tokens_map_file", "vocab_file", "merges_file"}
)


def read_json(path: Path, *, most: int = MOST_JSON) -> Any:
    """The file's value. Raises BadModel where it is too large, no UTF-8, no JSON, or has NaN or Infinity."""
    if path.stat().st_size > most:
        raise BadModel(f"{path.name} has {path.stat().st_size} bytes; at most {most} are read")
    try:
        return json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadModel(f"{path.name} is not valid JSON ({str(error)[:100]}): {WHOLE_AGAIN}") from None


def read_object(path: Path, *, most: int = MOST_JSON) -> dict[str, Any]:
    """Raises BadModel unless the file holds one JSON object."""
    value = read_json(path, most=most)
    if not isinstance(value, dict):
        raise BadModel(f"{path.name} must hold a JSON object, not {type(value).__name__}")
    return value


def refuse_code(value: Any, file: str) -> None:
    """Raises BadModel for a field that names code, a kernel, another repository or an address."""
    for place, key, held in _fields(value):
        if key == "quantization_config" and held is not None:
            raise BadModel(
                f"{file}: quantization_config says that the weights are quantised, and loading such weights makes "
                "other code run: save the model in plain floats (dequantize) and remove the field"
            )
        if names_code(key, held) and not (place == key and held in HARMLESS.get(key, ())):
            raise BadModel(f"{file}: {place} could make other code run; remove it")
        if not isinstance(held, str):
            continue
        if ELSEWHERE.match(held) or (key not in SAVED_FROM and REPOSITORY.fullmatch(held)):
            raise BadModel(f"{file}: {place} refers to another place, {held[:60]!r}; remove it")


def names_code(key: str, held: Any) -> bool:
    """Whether loading might run what the field names. A number with "kernel" in its name is a size of a convolution."""
    if "kernel" in key.lower() and _is_size(held):
        return False
    return bool(CODE_KEYS.fullmatch(key)) or key in MORE_CODE_KEYS


def _is_size(held: Any) -> bool:
    if isinstance(held, list):
        return all(map(_is_size, held))
    return held is None or (isinstance(held, int | float) and not isinstance(held, bool))


def refuse_sizes(config: dict[str, Any], file: str) -> None:
    """Raises BadModel for numbers that would make building the network take all memory or time."""
    for place, key, held in _fields(config):
        if isinstance(held, bool) or not isinstance(held, int | float) or NOT_SIZES.fullmatch(key):
            continue
        most = MOST_REPEATED if key in REPEATED else LARGEST_NUMBER
        if abs(held) > most:
            raise BadModel(f"{file}: {place} is {held}; at most {most} is allowed")


def _fields(value: Any, place: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every field at every depth: where it is, its key, what it holds. Free text is not looked into."""
    waiting = [(place, "", value)]
    while waiting:
        place, key, held = waiting.pop()
        if key:
            yield place, key, held
        if key in NAMES_ONLY:
            continue
        if isinstance(held, dict):
            waiting += [(f"{place}.{name}".lstrip("."), name, item) for name, item in held.items()]
        elif isinstance(held, list):
            waiting += [(f"{place}[{number}]", key or "[]", item) for number, item in enumerate(held)]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
