"""Learning a language from texts without labels: masked or causal, from the base or from scratch, epoch by epoch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

from transformers import DataCollatorForLanguageModeling, PrinterCallback, TrainerCallback, set_seed

from ..._library import explainers
from ...datasets.duplicates import place
from ..data import BadData, texts_of
from ..loop import BudgetTrainer, Encoded, TokenBudget, Watch, arguments, behind
from ..plan import Plan, Pretraining
from .curve import CURVE, DONE, WORK
from .networks import Started, perplexity, start

RATES = {"base": 5e-5, "scratch": 5e-4}


class LanguageFacts(TypedDict):
    """One epoch of a pre-training; epoch 0 is before it."""

    epoch: int
    loss: float | None
    perplexity: float


class Measured(TrainerCallback):
    """The curve of held-out perplexity, kept beside the checkpoints so that it goes on with them."""

    def __init__(self, measure: Callable[[], float], folder: Path, told: Callable[[LanguageFacts], None]) -> None:
        self.measure, self.file, self.told = measure, folder / CURVE, told

    @property
    def curve(self) -> list[LanguageFacts]:
        return json.loads(self.file.read_text(encoding="utf-8")) if self.file.is_file() else []

    def add(self, epoch: int, loss: float | None) -> None:
        facts: LanguageFacts = {"epoch": epoch, "loss": loss, "perplexity": round(self.measure(), 3)}
        before = [each for each in self.curve if each["epoch"] < epoch]
        self.file.write_text(json.dumps([*before, facts]), encoding="utf-8")
        self.told(facts)

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        loss = next((line["loss"] for line in reversed(state.log_history) if "loss" in line), None)
        self.add(round(state.epoch), None if loss is None else round(loss, 4))


def pretrained(
    plan: Plan,
    asked: Pretraining,
    *,
    base: Path | None,
    data: Path,
    folder: Path,
    on_cpu: bool = False,
    progress: explainers.Progress = explainers.silent,
    told: Callable[[LanguageFacts], None] = lambda facts: None,
) -> tuple[Path, dict[str, Any]]:
    """The folder of the network that has learned, below `folder`, and what the card says of it.

    folder: checkpoints are kept in it after every epoch, and taken up again; what is finished is not done twice.
    Raises BadData, BadModel, OSError.
    """
    done = folder / DONE
    if (done / "card.json").is_file():
        return done, json.loads((done / "card.json").read_text(encoding="utf-8"))["pretraining"]
    learned, held = _divided(plan, asked, data)
    set_seed(plan.seed)
    started = start(asked, learned, base=base, maximum_length=plan.fit.maximum_length)
    work = folder / WORK
    work.mkdir(parents=True, exist_ok=True)
    curve = _learn(plan, asked, started, learned, held, work=work, on_cpu=on_cpu, progress=progress, told=told)
    facts = {
        **asked.model_dump(exclude={"texts"}),
        "texts": len(learned),
        "held_out_texts": len(held),
        "pieces": len(started.tokenizer),
        "parameters": sum(weight.numel() for weight in started.network.parameters()),
        "curve": curve,
    }
    _save(plan, asked, started, done, base=base, facts=facts)
    shutil.rmtree(work)
    return done, facts


def _divided(plan: Plan, asked: Pretraining, data: Path) -> tuple[list[str], list[str]]:
    """The texts to learn from and those that are held out, by a hash; none that the plan is judged by."""
    judged = set(texts_of(plan.judge, data))
    texts = [text for text in texts_of(asked.texts or plan.train, data) if text not in judged]
    held = [text for text in texts if place(text, "held out") < asked.held_out]
    learned = [text for text in texts if place(text, "held out") >= asked.held_out]
    if not held or not learned:
        raise BadData(f"{len(texts)} texts are too few to learn from and to hold {asked.held_out:.0%} of them out")
    return learned, held


def _learn(
    plan: Plan,
    asked: Pretraining,
    started: Started,
    learned: Sequence[str],
    held: Sequence[str],
    *,
    work: Path,
    on_cpu: bool,
    progress: explainers.Progress,
    told: Callable[[LanguageFacts], None],
) -> list[LanguageFacts]:
    longest = plan.fit.maximum_length
    rows = Encoded(started.tokenizer, learned, None, longest)
    unseen = Encoded(started.tokenizer, held, None, longest).ids
    sampler = TokenBudget([len(ids) for ids in rows.ids], budget=plan.fit.tokens_per_batch, seed=plan.seed)
    measured = Measured(lambda: perplexity(started, unseen, asked), work, told)
    masked = {"mlm": True, "mlm_probability": asked.masked} if asked.objective == "masked" else {"mlm": False}
    trainer = BudgetTrainer(
        sampler=sampler,
        model=started.network,
        args=arguments(
            plan,
            work,
            epochs=asked.epochs,
            learning_rate=asked.learning_rate or RATES[asked.start],
            on_cpu=on_cpu,
            kept=True,
        ),
        train_dataset=rows,
        data_collator=DataCollatorForLanguageModeling(started.tokenizer, **masked),
        callbacks=[Watch(progress), measured],
    )
    trainer.remove_callback(PrinterCallback)
    checkpoint, done = behind(work)
    if checkpoint is None:
        measured.add(0, None)
        set_seed(plan.seed)
    sampler.skip(done)
    trainer.train(resume_from_checkpoint=checkpoint)
    return measured.curve


def _save(
    plan: Plan, asked: Pretraining, started: Started, folder: Path, *, base: Path | None, facts: dict[str, Any]
) -> None:
    """The folder, whole or not at all."""
    part = folder.with_name(f"{folder.name}-part")
    shutil.rmtree(part, ignore_errors=True)
    given: Any = {"maximum_length": plan.fit.maximum_length, "card": {"name": plan.name, "pretraining": facts}}
    network = started.network.eval()
    if asked.objective == "causal":
        explainers.save_language_model(network, started.tokenizer, part, **given)
    else:
        explainers.save_encoder(_encoder(network, base), started.tokenizer, part, **given)
    part.rename(folder)


def _encoder(network: Any, base: Path | None) -> Any:
    """The encoder in a network for masked words, with a pooler that nothing has trained: that of its base, and the
    identity where there is none."""
    import torch
    from transformers import AutoModel

    whole = AutoModel.from_config(network.config) if base is None else AutoModel.from_pretrained(base)
    whole.load_state_dict(network.base_model.state_dict(), strict=False)
    pooler = getattr(whole, "pooler", None)
    if base is None and pooler is not None:
        with torch.no_grad():
            pooler.dense.weight.copy_(torch.eye(len(pooler.dense.weight)))
            pooler.dense.bias.zero_()
    return whole.eval()
