"""Learning the language of texts first: from a base or from scratch, resumed as if nothing had happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import explainers
from app.train.data import BadData
from app.train.language.pretraining import LanguageFacts, pretrained
from app.train.plan import BadPlan, Fit, Judgement, Plan, Pretraining, Source, Texts
from app.train.service import train

QUIET = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
TINY: Any = {"start": "scratch", "vocabulary": 120, "layers": 1, "width": 16, "heads": 2, "held_out": 0.3, "epochs": 2}
WORDS = ("the film is good", "the film is bad", "这部电影很好看", "a good room", "a bad room", "房间很大")


def plan(root: Path, **pretrain: Any) -> Plan:
    lines = [f"{text} {number},{'no' if 'bad' in text else 'yes'}" for number in range(6) for text in WORDS]
    (root / "train.csv").write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (root / "dev.csv").write_text("text,label\nthe room is good,yes\nthe room is bad,no\n", encoding="utf-8")
    (root / "own.csv").write_text(
        "words\n" + "\n".join(f"{text} {n}" for n in range(9) for text in WORDS) + "\n", "utf-8"
    )
    return Plan(
        name="tiny", title="Tiny", description="d", intended_use="u", limits=(), labels=("no", "yes"), method="full",
        fit=Fit(epochs=1, tokens_per_batch=128, maximum_length=16, learning_rate=1e-3),
        pretrain=Pretraining(**(TINY | {"learning_rate": 0.01} | pretrain)),
        train=(Source(reader="table", path="train.csv"),),
        judge=(Judgement(name="dev", reader="table", path="dev.csv"),),
    )  # fmt: skip


def curve_of(given: Plan, root: Path, folder: Path, told: list[LanguageFacts] | None = None) -> tuple[Path, Any]:
    assert given.pretrain is not None
    add = (lambda facts: None) if told is None else told.append
    return pretrained(given, given.pretrain, base=None, data=root, folder=folder, on_cpu=True, told=add)


@QUIET
@pytest.mark.parametrize("objective", ["masked", "causal"])
def test_a_model_from_scratch_learns_its_texts_and_then_the_task(tmp_path: Path, objective: str) -> None:
    """Perplexity of held-out texts falls from about the size of the vocabulary; what came of it is served."""
    out = tmp_path / "out"
    card = train(plan(tmp_path, objective=objective), data=tmp_path, out=out, on_cpu=True)
    learned = card["pretraining"]
    language = explainers.load_model(out / "pretrained", device="cpu")
    model = explainers.load_model(out, device="cpu")

    assert [each["epoch"] for each in learned["curve"]] == [0, 1, 2]
    assert learned["curve"][0]["perplexity"] > 0.5 * learned["pieces"]
    assert learned["curve"][-1]["perplexity"] < 0.8 * learned["curve"][0]["perplexity"]
    assert (learned["texts"] + learned["held_out_texts"], card["base"]["model"]) == (36, "pretrained")
    assert language.task == ("similarity" if objective == "masked" else "tokens")
    assert model.labels == ("no", "yes")
    pieces = model.tokenizer.tokenize("好看 good")
    assert "好" in pieces if objective == "masked" else model.tokenizer.convert_tokens_to_string(pieces) == "好看 good"


@QUIET
def test_texts_of_its_own_are_read_without_labels_and_none_is_judged_by(tmp_path: Path) -> None:
    """A column of texts is enough; a text of the dev file is not learned from."""
    given = plan(tmp_path, texts=(Texts(reader="table", path="own.csv", text="words"),), epochs=1)
    with (tmp_path / "own.csv").open("a") as file:
        file.write("the room is good\n")
    _, facts = curve_of(given, tmp_path, tmp_path / "work")

    assert facts["texts"] + facts["held_out_texts"] == 54


@QUIET
def test_a_run_that_was_cut_short_goes_on_to_the_same_curve(tmp_path: Path) -> None:
    """Stopped after the first epoch and begun again: the same perplexities to the last digit."""
    given = plan(tmp_path)
    _, whole = curve_of(given, tmp_path, tmp_path / "whole")
    stopped: list[LanguageFacts] = []

    class Stop(Exception):
        pass

    def stop(facts: LanguageFacts) -> None:
        stopped.append(facts)
        if facts["epoch"] == 1:
            raise Stop

    assert given.pretrain is not None
    with pytest.raises(Stop):
        pretrained(given, given.pretrain, base=None, data=tmp_path, folder=tmp_path / "cut", on_cpu=True, told=stop)
    later: list[LanguageFacts] = []
    folder, resumed = curve_of(given, tmp_path, tmp_path / "cut", later)

    assert [facts["epoch"] for facts in later] == [2]
    assert resumed["curve"] == whole["curve"]
    assert (
        curve_of(given, tmp_path, tmp_path / "cut")[1] == json.loads((folder / "card.json").read_text())["pretraining"]
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ('objective = "causal"', "from scratch"),
        ('start = "scratch"\nwidth = 100\nheads = 3', "no multiple of heads"),
        ('start = "scratch"\nobjective = "causal"', 'the method is "full"'),
        ("held_out = 0", "held_out"),
    ],
)
def test_what_cannot_be_pretrained_is_refused_with_the_reason(tmp_path: Path, fields: str, says: str) -> None:
    """Before anything is read."""
    head = 'name = "mine"\ntitle = "M"\ndescription = "d"\nintended_use = "u"\nlimits = []\nlabels = ["a", "b"]\n'
    (tmp_path / "plan.toml").write_text(f'{head}[pretrain]\n{fields}\n[[train]]\nreader = "table"\npath = "a.csv"\n')

    with pytest.raises(BadPlan, match=says):
        Plan.read(tmp_path / "plan.toml")


def test_too_few_texts_are_refused(tmp_path: Path) -> None:
    """One text cannot be learned from and held out at once."""
    given = plan(tmp_path)
    (tmp_path / "train.csv").write_text("text,label\na,yes\n")

    with pytest.raises(BadData, match="1 texts are too few"):
        curve_of(given, tmp_path, tmp_path / "work")
