"""A two-layer encoder fitted to one planted task within seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contract import Progress, silent
from .task import LENGTH, TASKS, Sample, TaskName, judged_samples, tokenizer, training_samples

if TYPE_CHECKING:
    from ..models.transformer import TransformerModel

TEXTS = 6000
STEPS: dict[TaskName, int] = {"word": 400, "both": 400, "pair": 800}  # exclusive or is learnt later
BATCH = 64
RATE = 1.5e-3
LEARNT = 0.99  # share of unseen texts labelled right, at least
ATTEMPTS = 3  # an unlucky start is given up
# The labels are softened, so that the best log-odds are ±4 with every text and the game is known, not only its winner.
SOFTENED = 1 / (1 + np.exp(4))
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": LENGTH + 2,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "type_vocab_size": 1,
}


@dataclass(frozen=True, slots=True)
class Trained:
    """The model, and the share of texts it has not seen that it labels right."""

    model: TransformerModel
    accuracy: float


def train(task: TaskName, *, seed: int, steps: int | None = None, progress: Progress = silent) -> Trained:
    """Equal arguments give the same model on one machine; torch's own random state is left as it was.

    A model that has not learnt its task would say nothing about methods, so it is trained again from another start.
    """
    for attempt in range(ATTEMPTS):
        found = _attempt(task, seed, attempt, steps or STEPS[task], progress)
        if found.accuracy >= LEARNT:
            break
    return found


def _attempt(task: TaskName, seed: int, attempt: int, steps: int, progress: Progress) -> Trained:
    import torch

    from ..models.transformer import TransformerModel

    rng = np.random.default_rng((seed, attempt, TASKS.index(task)))
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed + 1000 * attempt)
        network = _network()
        _fit(network, task, steps, rng, progress)
    network.requires_grad_(False).eval()
    held_out = [*training_samples(task, 256, rng), *judged_samples(task, 256, rng)]
    digest = f"planted-{task}-{seed}-{attempt}-{steps}"
    model = TransformerModel(network, tokenizer(), id=f"planted-{task}", digest=digest, maximum_length=LENGTH + 2)
    return Trained(model, _accuracy(network, held_out))


def _network() -> Any:
    from transformers import BertConfig, BertForSequenceClassification

    words = tokenizer()
    return BertForSequenceClassification(
        BertConfig(vocab_size=len(words), num_labels=2, pad_token_id=words.pad_token_id, **SIZES)
    )


def _fit(network: Any, task: TaskName, steps: int, rng: np.random.Generator, progress: Progress) -> None:
    import torch

    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=2 * SOFTENED)  # spread over both classes
    samples = training_samples(task, TEXTS, rng)
    ids, labels = _ids(samples), torch.tensor([s.label for s in samples])
    for step in range(steps):
        if step % 25 == 0:
            progress(step / steps, f"training on the {task} task")
        batch = torch.from_numpy(rng.integers(TEXTS, size=BATCH))
        loss = criterion(network(input_ids=ids[batch]).logits, labels[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _accuracy(network: Any, samples: list[Sample]) -> float:
    import torch

    with torch.inference_mode():
        said = network(input_ids=_ids(samples)).logits.argmax(dim=1)
    return float((said == torch.tensor([s.label for s in samples])).double().mean())


def _ids(samples: list[Sample]) -> Any:
    import torch

    words = tokenizer()
    known = words.get_vocab()
    rows = [[words.cls_token_id, *(known[word] for word in s.words), words.sep_token_id] for s in samples]
    return torch.tensor(rows)
