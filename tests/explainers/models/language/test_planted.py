"""Planted truth: small models that were taught to copy, reverse or translate, and where each word comes from."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from explainers import Question, TokenOutput, build, runner
from explainers.models.continuation import ContinuationModel

WORDS = [f"w{n}" for n in range(16)]
LENGTH = 6
PAD, FIRST = 0, 2  # the number of the padding token, and of the first word
STEPS = 500


def answered(words: torch.Tensor, task: str) -> torch.Tensor:
    """(rows, LENGTH) words → what the task makes of them; a word that is not there stays one."""
    if task == "reverse":
        return words.flip(1)
    if task == "dictionary":
        return torch.where(words == PAD, words, FIRST + (words - FIRST + 5) % len(WORDS))
    return words


def tokenizer() -> Any:
    vocabulary = {"[PAD]": 0, "[END]": 1, **{word: FIRST + n for n, word in enumerate(WORDS)}}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="[PAD]"))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]", eos_token="[END]")


@cache
def taught(task: str) -> ContinuationModel:
    """A GPT-2 of two layers that was shown random words, some of them absent, until it knows the task."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = GPT2Config(
            vocab_size=FIRST + len(WORDS), n_positions=4 * LENGTH, n_embd=64, n_layer=2, n_head=4, resid_pdrop=0,
            embd_pdrop=0, attn_pdrop=0, bos_token_id=1, eos_token_id=1,
        )  # fmt: skip
        network = GPT2LMHeadModel(config)
        steps = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.0)
        rates = torch.optim.lr_scheduler.OneCycleLR(steps, 6e-3, total_steps=STEPS)
        for _ in range(STEPS):
            words = torch.randint(FIRST, FIRST + len(WORDS), (64, LENGTH))
            words = torch.where(torch.rand(words.shape) < 0.2, PAD, words)
            rows = torch.cat([words, answered(words, task)], dim=1)
            logits = network(rows).logits[:, LENGTH - 1 : -1]
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, LENGTH:].flatten())
            steps.zero_grad()
            loss.backward()
            steps.step()
            rates.step()
    assert loss < 0.05
    return ContinuationModel(network.requires_grad_(False).eval(), tokenizer(), id=task, digest=task)


@pytest.mark.parametrize("task", ["copy", "reverse", "dictionary"])
@pytest.mark.parametrize("method", ["shap", "leave-one-out"])
def test_every_word_of_the_answer_comes_from_its_source(task: str, method: str) -> None:
    """AUPRC of the source words over all words of the answers, at least .95; nine of ten rows have it first."""
    model = taught(task)
    draw = np.random.default_rng(1)
    scores, sources, first = [], [], []
    for _ in range(4):
        words = draw.choice(len(WORDS), size=LENGTH, replace=False)
        said = answered(torch.from_numpy(words + FIRST)[None], task)[0].numpy() - FIRST
        outputs = TokenOutput(continuation=" ".join(WORDS[n] for n in said))
        asked = Question.about(" ".join(WORDS[n] for n in words), outputs=outputs, baseline="pad")
        found = runner.explain(model, asked, build(method))
        place = np.arange(LENGTH)[::-1] if task == "reverse" else np.arange(LENGTH)
        scores.append(found.scores)
        sources.append(np.eye(LENGTH, dtype=bool)[place])
        first += (found.scores.argmax(axis=1) == place).tolist()

    assert average_precision_score(np.ravel(sources), np.ravel(scores)) >= 0.95
    assert np.mean(first) >= 0.9
