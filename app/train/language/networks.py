"""Tokenizers and networks that are made new for a pre-training, and what a network knows of held-out texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)

from ..plan import Pretraining

MASKED = {
    "unk_token": "[UNK]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
CAUSAL = {"unk_token": "<|end|>", "pad_token": "<|pad|>", "bos_token": "<|end|>", "eos_token": "<|end|>"}
IGNORED = -100  # the label of a place that is not asked for
ROWS = 32


@dataclass(frozen=True, slots=True)
class Started:
    """A network that predicts pieces, and its tokenizer."""

    network: Any
    tokenizer: Any


def start(asked: Pretraining, texts: Sequence[str], *, base: Path | None, maximum_length: int) -> Started:
    """base: the encoder that goes on learning; None for a new model, with a tokenizer that is trained on the texts."""
    if base is not None:
        return Started(
            AutoModelForMaskedLM.from_pretrained(base, dtype=torch.float32), AutoTokenizer.from_pretrained(base)
        )
    made = _pieces(texts, asked.vocabulary) if asked.objective == "masked" else _bytes(texts, asked.vocabulary)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, model_max_length=maximum_length, **(MASKED if asked.objective == "masked" else CAUSAL)
    )
    sizes = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    if asked.objective == "masked":
        config = BertConfig(
            hidden_size=asked.width,
            num_hidden_layers=asked.layers,
            num_attention_heads=asked.heads,
            intermediate_size=4 * asked.width,
            max_position_embeddings=maximum_length,
            **sizes,
        )
        return Started(BertForMaskedLM(config), tokenizer)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    causal = GPT2Config(
        n_embd=asked.width, n_layer=asked.layers, n_head=asked.heads, n_positions=maximum_length, **sizes, **ends
    )
    return Started(GPT2LMHeadModel(causal), tokenizer)


def _pieces(texts: Sequence[str], size: int) -> Tokenizer:
    """WordPiece in lower case; every Chinese character is a word of its own."""
    made = Tokenizer(models.WordPiece(unk_token=MASKED["unk_token"]))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = list(MASKED.values())
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    made.train_from_iterator(texts, trainer)
    first, last = (MASKED[name] for name in ("cls_token", "sep_token"))
    ids = [(name, made.token_to_id(name)) for name in (first, last)]
    made.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} $B:1 {last}:1", special_tokens=ids
    )
    made.decoder = decoders.WordPiece()
    return made


def _bytes(texts: Sequence[str], size: int) -> Tokenizer:
    """Byte pairs: no character is unknown."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(dict.fromkeys(CAUSAL.values())),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    end = CAUSAL["bos_token"]
    made.post_processor = processors.TemplateProcessing(
        single=f"{end} $A {end}", special_tokens=[(end, made.token_to_id(end))]
    )
    return made


def perplexity(started: Started, ids: Sequence[Sequence[int]], asked: Pretraining) -> float:
    """exp of the mean loss of a piece that is hidden, or that comes next; the same pieces each time it is asked."""
    rng = np.random.default_rng(0)
    lost, count = 0.0, 0
    network, tokenizer = started.network.eval(), started.tokenizer
    for at in range(0, len(ids), ROWS):
        batch = tokenizer.pad({"input_ids": [list(row) for row in ids[at : at + ROWS]]}, return_tensors="pt")
        labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)
        if asked.objective == "masked":
            special = torch.isin(batch["input_ids"], torch.tensor(tokenizer.all_special_ids))
            hidden = torch.tensor(rng.random(labels.shape) < asked.masked) & ~special
            labels = labels.masked_fill(~hidden, IGNORED)
            batch["input_ids"] = batch["input_ids"].masked_fill(hidden, tokenizer.mask_token_id)
        asked_for = int((labels[:, 1:] if asked.objective == "causal" else labels).ne(IGNORED).sum())
        if asked_for:
            with torch.inference_mode():
                loss = network(**batch.to(network.device), labels=labels.to(network.device)).loss
            lost, count = lost + float(loss) * asked_for, count + asked_for
    network.train()
    return exp(lost / count) if count else float("nan")
