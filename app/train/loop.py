"""Fitting a classifier on the base encoder with transformers' Trainer: whole, by a LoRA adapter, or its head alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from peft import LoraConfig, TaskType, get_peft_model
from safetensors.torch import save_file
from torch.utils.data import DataLoader, Dataset, Sampler
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from .._library import explainers
from .data import Example
from .evaluate import predict
from .plan import Fit, Plan, weights_name

MOST_DEV = 2000  # texts that are judged after every epoch


class Encoded(Dataset[dict[str, Any]]):
    """Texts as ids, cut at the maximum length; with labels where there are some."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], labels: Sequence[int] | None, longest: int
    ) -> None:
        encoded = tokenizer(list(texts), truncation=True, max_length=longest, padding=False)
        self.ids: list[list[int]] = encoded["input_ids"]
        self.labels = labels

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        label = {} if self.labels is None else {"labels": self.labels[index]}
        return {"input_ids": self.ids[index], **label}


class TokenBudget(Sampler[list[int]]):
    """Batches of texts of like length that together hold about `budget` tokens, in a new seeded order every epoch."""

    def __init__(self, lengths: Sequence[int], *, budget: int, seed: int) -> None:
        self.lengths = np.asarray(lengths)
        self.budget = budget
        self.rng = np.random.default_rng(seed)
        self.size = len(list(self._batches(np.random.default_rng(seed))))

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[list[int]]:
        yield from self._batches(self.rng)

    def skip(self, epochs: int) -> None:
        """Advance the generator by `epochs` epochs, so that a fit that goes on draws what an unbroken one would."""
        for _ in range(epochs):
            list(self)

    def _batches(self, rng: np.random.Generator) -> Iterator[list[int]]:
        """Random within a length. The cuts follow the sorted lengths, so every epoch has as many batches."""
        order = np.lexsort((rng.random(len(self.lengths)), self.lengths))[::-1]
        batches: list[list[int]] = []
        at = 0
        while at < len(order):
            rows = max(1, self.budget // int(self.lengths[order[at]]))  # the first is the longest
            batches.append(order[at : at + rows].tolist())
            at += rows
        for index in rng.permutation(len(batches)):
            yield batches[index]


class BudgetTrainer(Trainer):
    def __init__(self, *, sampler: TokenBudget, **options: Any) -> None:
        super().__init__(**options)
        self.sampler = sampler

    def get_train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.train_dataset, batch_sampler=self.sampler, collate_fn=self.data_collator)


@dataclass(frozen=True, slots=True)
class Epochs:
    """Where a fit leaves its checkpoint after every epoch, and goes on from; who is told of each."""

    folder: Path
    dev: Sequence[Example]  # judged after every epoch, the first of them
    told: Callable[[EpochFacts], None]
    weights: Path | None = None  # a folder for the trained weights of every epoch


class EpochFacts(TypedDict):
    epoch: int
    loss: float  # mean over the batches of the epoch
    dev: float | None  # share of the dev texts whose most probable class is right; None where there are none
    rate: float  # mean learning rate of its steps


class AfterEpoch(TrainerCallback):
    """Judges what was just saved."""

    def __init__(self, epochs: Epochs, tokenizer: PreTrainedTokenizerBase, maximum_length: int) -> None:
        self.epochs = epochs
        self.tokenizer = tokenizer
        self.maximum_length = maximum_length
        self.rates: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, *, lr_scheduler: Any, **rest: Any) -> None:
        self.rates.append(float(lr_scheduler.get_last_lr()[0]))

    def on_save(self, args: Any, state: Any, control: Any, *, model: Any, **rest: Any) -> None:
        loss = next(line["loss"] for line in reversed(state.log_history) if "loss" in line)
        right = self._right(model) if self.epochs.dev else None
        epoch, rate = round(state.epoch), float(np.mean(self.rates))
        self.rates.clear()
        if self.epochs.weights is not None:
            save_file(trained_weights(model), self.epochs.weights / weights_name(epoch))
        self.epochs.told({"epoch": epoch, "loss": round(loss, 4), "dev": right, "rate": rate})

    def _right(self, model: Any) -> float:
        dev = self.epochs.dev[:MOST_DEV]
        model.eval()
        logits = predict(model, self.tokenizer, [e.text for e in dev], maximum_length=self.maximum_length)
        model.train()
        return round(float(np.mean(logits.argmax(axis=1) == np.array([e.label for e in dev]))), 4)


class Watch(TrainerCallback):
    """Tells a caller how far the fit is."""

    def __init__(self, progress: explainers.Progress) -> None:
        self.progress = progress

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self.progress(state.global_step / max(1, state.max_steps), f"epoch {state.epoch or 0:.2f}")


def fit(
    plan: Plan,
    examples: Sequence[Example],
    *,
    base: Path,
    scratch: Path,
    on_cpu: bool = False,
    progress: explainers.Progress = explainers.silent,
    epochs: Epochs | None = None,
) -> tuple[Any, PreTrainedTokenizerBase]:
    """The trained network (of LoRA the peft model), in evaluation mode, with the tokenizer it was trained with.

    scratch: a folder of its own. epochs: where given, every epoch is stored, and one that was cut short is begun anew.
    """
    set_seed(plan.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    network = network_for(plan, base)
    data = Encoded(tokenizer, [e.text for e in examples], [e.label for e in examples], plan.fit.maximum_length)
    sampler = TokenBudget([len(ids) for ids in data.ids], budget=plan.fit.tokens_per_batch, seed=plan.seed)
    trainer = BudgetTrainer(
        sampler=sampler,
        model=network,
        args=arguments(
            plan,
            scratch if epochs is None else epochs.folder,
            epochs=plan.fit.epochs,
            learning_rate=plan.learning_rate,
            on_cpu=on_cpu,
            kept=epochs is not None,
        ),
        train_dataset=data,
        data_collator=DataCollatorWithPadding(tokenizer),
        callbacks=[Watch(progress)],
    )
    trainer.remove_callback(PrinterCallback)
    checkpoint = None
    if epochs is not None:
        trainer.add_callback(AfterEpoch(epochs, tokenizer, plan.fit.maximum_length))
        checkpoint, done = behind(epochs.folder)
        sampler.skip(done)
    trainer.train(resume_from_checkpoint=checkpoint)
    return network.eval(), tokenizer


def network_for(plan: Plan, base: Path) -> Any:
    """The base encoder with a new head, and only what the method trains with gradients."""
    network = AutoModelForSequenceClassification.from_pretrained(
        base,
        num_labels=len(plan.labels),
        id2label=dict(enumerate(plan.labels)),
        label2id={name: i for i, name in enumerate(plan.labels)},
        problem_type="single_label_classification",
        ignore_mismatched_sizes=True,  # of the head of a classifier that is taken as a base
        dtype=torch.float32,
    )
    if plan.method == "lora":
        return get_peft_model(network, _lora(plan.fit, layers=network.config.num_hidden_layers))
    if plan.method == "frozen":  # the pooler belongs to the head: what it reads is what stays
        for part in (network.base_model.embeddings, network.base_model.encoder):
            part.requires_grad_(False)
    return network


def trained_weights(network: Any) -> dict[str, torch.Tensor]:
    """The weights that the method trains, in half precision: what tells one epoch from another."""
    named = network.named_parameters()
    return {name: weight.detach().half().cpu().contiguous() for name, weight in named if weight.requires_grad}


def _lora(fit: Fit, *, layers: int) -> LoraConfig:
    """On every linear layer; or, of BERT's names, on those of the last layers, where the pooler stays as it is."""
    given: dict[str, Any] = {"target_modules": "all-linear"}
    if fit.last_layers is not None:
        chosen = list(range(max(0, layers - fit.last_layers), layers))
        given = {"target_modules": ["query", "key", "value", "dense"], "layers_to_transform": chosen}
    return LoraConfig(task_type=TaskType.SEQ_CLS, r=fit.rank, lora_alpha=fit.alpha, **given)


def trained_parameters(network: Any) -> int:
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


def arguments(
    plan: Plan, folder: Path, *, epochs: float, learning_rate: float, on_cpu: bool, kept: bool
) -> TrainingArguments:
    """kept: whether a checkpoint is left in the folder after every epoch."""
    fit = plan.fit
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        learning_rate=learning_rate,
        warmup_steps=fit.warmup,
        weight_decay=fit.weight_decay,
        lr_scheduler_type="linear",
        max_grad_norm=1.0,
        seed=plan.seed,
        bf16=fit.arithmetic == "bf16",
        use_cpu=on_cpu or not torch.cuda.is_available(),
        save_strategy="epoch" if kept else "no",
        save_total_limit=1,
        report_to=[],
        logging_strategy="epoch" if kept else "steps",
        logging_steps=20,
        disable_tqdm=True,
    )


def behind(folder: Path) -> tuple[str | None, int]:
    """The newest checkpoint in a folder, and the epochs that are done with it; None and 0 before the first."""
    found = get_last_checkpoint(str(folder))
    if found is None:
        return None, 0
    return found, round(TrainerState.load_from_json(f"{found}/trainer_state.json").epoch or 0)
