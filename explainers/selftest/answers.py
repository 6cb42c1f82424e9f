"""Small language models that were taught to copy, reverse or translate words, so that it is known where each word of
their answer comes from."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import runner
from ..contract import Progress, Question, TokenOutput, silent
from ..errors import ExplainersError
from ..registry import build
from .scoring import average_precision

if TYPE_CHECKING:
    import torch

    from ..models.continuation import ContinuationModel

AnswerTask = Literal["copy", "reverse", "dictionary"]
ANSWER_TASKS: tuple[AnswerTask, ...] = ("copy", "reverse", "dictionary")
ANSWER_METHODS = ("shap", "leave-one-out")
WORDS = [f"w{n}" for n in range(16)]
LENGTH = 6
PAD, FIRST = 0, 2  # the number of the padding token, and of the first word
STEPS = 500
LEARNT = 0.05  # loss of a model that knows its task
ATTEMPTS = 3


def answer_table(*, seeds: int, texts: int, progress: Progress = silent) -> dict[str, dict[str, float]]:
    """Mean AUPRC, by task and method, of the source words over all words of the answers."""
    found: dict[str, dict[str, list[float]]] = {task: {name: [] for name in ANSWER_METHODS} for task in ANSWER_TASKS}
    runs = [(task, seed) for task in ANSWER_TASKS for seed in range(seeds)]
    for position, (task, seed) in enumerate(runs):
        progress(position / len(runs), f"teaching to {task}, seed {seed}")
        model = taught(task, seed)
        for name in ANSWER_METHODS:
            found[task][name].append(source_auprc(model, task, name, texts=texts, seed=seed))
    return {task: {name: fmean(values) for name, values in by.items()} for task, by in found.items()}


def source_auprc(model: ContinuationModel, task: AnswerTask, method: str, *, texts: int, seed: int = 0) -> float:
    """AUPRC of the source words, every pair of a word of the answer and one of the prompt a candidate."""
    draw = np.random.default_rng((seed, 1))
    scores, sources = [], []
    for _ in range(texts):
        words = draw.choice(len(WORDS), size=LENGTH, replace=False)
        said = _answered(words + FIRST, task) - FIRST
        outputs = TokenOutput(continuation=" ".join(WORDS[n] for n in said))
        asked = Question.about(" ".join(WORDS[n] for n in words), outputs=outputs, baseline="pad")
        found = build(method).explain(runner.case_of(model, asked)).scores
        assert found is not None
        scores.append(found)
        sources.append(np.eye(LENGTH, dtype=bool)[np.arange(LENGTH)[:: -1 if task == "reverse" else 1]])
    return average_precision(np.ravel(scores), np.ravel(sources))


def taught(task: AnswerTask, seed: int = 0) -> ContinuationModel:
    """A GPT-2 of two layers that was shown random words, some of them absent, until it knows the task.

    torch's own random state is left as it was. A model that has not learnt it is taught again from another start, as it
    would say nothing about methods. Raises ExplainersError where no start will do.
    """
    from ..models.continuation import ContinuationModel

    for attempt in range(ATTEMPTS):
        network, loss = _taught(task, seed + 1000 * attempt)
        if loss < LEARNT:
            break
    else:
        raise ExplainersError(
            f"seed {seed} learnt the {task} task from none of {ATTEMPTS} starts: its loss is {loss:.3f}, below "
            f"{LEARNT} is wanted to judge methods by it; run fewer seeds"
        )
    return ContinuationModel(network, _tokenizer(), id=f"planted-{task}", digest=f"planted-{task}-{seed}-{attempt}")


def _taught(task: AnswerTask, seed: int) -> tuple[Any, float]:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    draw = np.random.default_rng((seed, 0, ANSWER_TASKS.index(task)))
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=FIRST + len(WORDS), n_positions=4 * LENGTH, n_embd=64, n_layer=2, n_head=4,
                resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=1, eos_token_id=1,
            )
        )  # fmt: skip
        optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.0)
        rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=STEPS)
        for _ in range(STEPS):
            loss = _loss(network, torch.from_numpy(_rows(task, draw)))
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            rates.step()
    return network.requires_grad_(False).eval(), float(loss.detach())


def _rows(task: AnswerTask, draw: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    """(64, 2 · LENGTH): words, a fifth of them absent, and what the task makes of them."""
    words = draw.integers(FIRST, FIRST + len(WORDS), size=(64, LENGTH))
    words = np.where(draw.random(words.shape) < 0.2, PAD, words)
    return np.concatenate([words, _answered(words, task)], axis=1)


def _loss(network: Any, rows: torch.Tensor) -> torch.Tensor:
    import torch

    logits = network(rows).logits[:, LENGTH - 1 : -1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, LENGTH:].flatten())


def _answered(words: np.ndarray[Any, Any], task: AnswerTask) -> np.ndarray[Any, Any]:
    """(…, LENGTH) words → what the task makes of them; a word that is not there stays one."""
    if task == "reverse":
        return words[..., ::-1]
    if task == "dictionary":
        return np.where(words == PAD, words, FIRST + (words - FIRST + 5) % len(WORDS))
    return words


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"[PAD]": 0, "[END]": 1, **{word: FIRST + n for n, word in enumerate(WORDS)}}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="[PAD]"))  # noqa: S106 - a token of text
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]", eos_token="[END]")  # noqa: S106
