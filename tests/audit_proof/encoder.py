"""A small BERT from scratch: its vocabulary counted in the texts, its weights fitted to their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from tests.audit_proof.rows import Texts

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class Size:
    """least: texts' words that occur less often are spelled in letters. steps: batches the fit takes."""

    width: int = 64
    layers: int = 2
    length: int = 64
    epochs: int = 3
    batch: int = 64
    rate: float = 2e-3
    dropout: float = 0.1
    least: int = 2


def tokenizer(texts: Sequence[str], size: Size) -> PreTrainedTokenizerFast:
    """BERT's rules: lower case, a Chinese character alone; frequent words whole, others letter by letter."""
    normal, split = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(normal.normalize_str(text)))
    words = sorted(word for word, count in counts.items() if count >= size.least)
    letters = sorted({letter for word in words for letter in word})
    pieces = dict.fromkeys([*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *words])
    built = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token=SPECIAL[1]))
    built.normalizer, built.pre_tokenizer = normal, split
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        model_max_length=size.length,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **names,
    )


def fitted(rows: Texts, words: Any, size: Size, *, labels: tuple[str, str], seed: int) -> Any:
    """The network in evaluation mode. Equal arguments give the same weights on one machine."""
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = _network(len(words), size, labels)
        _fit(network, rows, words, size, np.random.default_rng(seed))
    return network.requires_grad_(False).eval()


def _network(vocabulary: int, size: Size, labels: tuple[str, str]) -> Any:
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=vocabulary,
            hidden_size=size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=4,
            intermediate_size=2 * size.width,
            max_position_embeddings=size.length,
            hidden_dropout_prob=size.dropout,
            attention_probs_dropout_prob=size.dropout,
            id2label=dict(enumerate(labels)),
            label2id={name: number for number, name in enumerate(labels)},
        )
    )


def _fit(network: Any, rows: Texts, words: Any, size: Size, rng: np.random.Generator) -> None:
    ids = words(list(rows.texts), truncation=True, max_length=size.length)["input_ids"]
    wanted = torch.from_numpy(rows.labels.astype(np.int64))
    steps = size.epochs * -(-len(rows) // size.batch)
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=size.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, size.rate, total_steps=steps)
    for _ in range(size.epochs):
        for batch in _batches([len(each) for each in ids], size.batch, rng):
            given = words.pad({"input_ids": [ids[row] for row in batch]}, return_tensors="pt")
            loss = torch.nn.functional.cross_entropy(network(**given).logits, wanted[batch])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()


def _batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Every row once: rows of like length together, in a new order every time."""
    order = np.lexsort((rng.random(len(lengths)), lengths))
    starts = range(0, len(order), size)
    for number in rng.permutation(len(starts)):
        yield order[starts[number] : starts[number] + size].tolist()
