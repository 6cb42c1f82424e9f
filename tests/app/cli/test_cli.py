"""The command line, run in this process with a model whose answers are known."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app import cli
from app.cli.terminal import work
from explainers.testing import LinearModel

WEIGHTS = {"good": (0.0, 2.0), "bad": (1.0, 0.0)}  # logits of ("no", "yes")


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command with the linear model as 'linear'; other names are looked up as always."""
    from app.cli.terminal import registered

    found = registered.find_model
    model = LinearModel(WEIGHTS)
    for module in ("explain", "panel"):
        monkeypatch.setattr(f"app.cli.{module}.find_model", lambda name: model if name == "linear" else found(name))
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "data"))

    def call(*arguments: str, stdin: bytes | None = None) -> Outcome:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call


def explain_linear(run: Run, *arguments: str, stdin: bytes | None = None) -> Outcome:
    return run("explain", *arguments, "--model", "linear", "--method", "leave-one-out", stdin=stdin)


def jsonl(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_panel_is_answered_in_a_sentence(run: Run, tmp_path: Path) -> None:
    """Printed, in JSON, in a table of many and first on the page, the same words."""
    says = "Yes (0.88), mostly because of *good*."
    page = tmp_path / "why.html"
    printed = run("panel", "so good", "--model", "linear", "--html", str(page))
    told = json.loads(run("panel", "so good", "--model", "linear", "--json").out)
    rows = list(
        csv.DictReader(
            io.StringIO(run("panel", "-", "--from", "lines", "--csv", "-m", "linear", stdin=b"so good\nso\n").out)
        )
    )

    assert printed.out.startswith(says)
    assert told["answer"]["text"] == printed.out.strip()
    assert [row["answer"].partition(" No")[0][: len(says)] for row in rows] == [says, "No (0.50)."]
    assert says in page.read_text()
    assert run("panel", "so good", "--model", "linear", "-o", "why.parquet").code == 2


def test_a_text_is_explained_as_complete_json(run: Run) -> None:
    """The JSON is an Attribution with every field and its residual; a linear model gives back its weights."""
    code, out, err = explain_linear(run, "good bad", "--json")
    found = json.loads(out)

    assert (code, err) == (0, "")
    assert found["text"] == "good bad"
    assert found["targets"] == [{"index": 0, "label": "no"}, {"index": 1, "label": "yes"}]
    assert found["scores"][1] == pytest.approx([2.0, -1.0])  # the log-odds of 'yes' are 2·good − 1·bad
    assert "residual" in found


def test_a_table_shows_prediction_scores_and_badge(run: Run) -> None:
    """A person sees in a terminal what the page shows."""
    code, out, _ = explain_linear(run, "good bad")

    assert code == 0
    assert "yes" in out
    assert "good" in out
    assert "+2.0000" in out
    assert "log-odds of yes" in out


def test_the_asked_class_is_shown(run: Run) -> None:
    """--target takes a label or an index."""
    by_label = explain_linear(run, "good bad", "--target", "no").out
    by_index = explain_linear(run, "good bad", "--target", "0").out

    assert "log-odds of no" in by_label
    assert by_index == by_label


def test_stdin_is_one_text(run: Run) -> None:
    """A pipe is read whole; its last line break is not part of the text."""
    found = json.loads(explain_linear(run, "-", "--json", stdin=b"good\nbad\n").out)

    assert found["text"] == "good\nbad"


def test_a_file_is_read_and_other_text_is_not_mistaken_for_one(run: Run, tmp_path: Path) -> None:
    """Only an argument that names an existing .txt, .jsonl, .csv or .tsv file is read."""
    file = tmp_path / "review.txt"
    file.write_text("good", encoding="utf-8")

    assert json.loads(explain_linear(run, str(file), "--json").out)["text"] == "good"
    assert json.loads(explain_linear(run, "absent.txt", "--json").out)["text"] == "absent.txt"
    assert json.loads(explain_linear(run, "x" * 5000, "--json").out)["text"] == "x" * 5000


def test_json_lines_in_and_out(run: Run, tmp_path: Path) -> None:
    """One line a text, numbered, in the order of the input."""
    file = tmp_path / "reviews.jsonl"
    file.write_text('{"review": "good"}\n\n{"review": "bad"}\n', encoding="utf-8")
    rows = jsonl(explain_linear(run, str(file), "--column", "review", "--json").out)

    assert [(row["row"], row["text"]) for row in rows] == [(0, "good"), (1, "bad")]


def test_csv_in_and_out(run: Run, tmp_path: Path) -> None:
    """Quoted line breaks stay in the text; formulas leave as text."""
    file = tmp_path / "reviews.csv"
    file.write_text('id,text\n1,"good\nbad"\n2,=good\n', encoding="utf-8")
    out = tmp_path / "answers.csv"
    result = run("predict", str(file), "--model", "linear", "--out", str(out))
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))

    assert result == (0, "", "")
    assert [(row["row"], row["text"], row["predicted"]) for row in rows] == [
        ("0", "good\nbad", "yes"),
        ("1", "'=good", "no"),
    ]


def test_predictions_look_like_those_of_the_rest_interface(run: Run) -> None:
    """The predicted class, and all classes with the most probable first."""
    found = json.loads(run("predict", "good", "--model", "linear", "--json").out)

    assert found["predicted"]["label"] == "yes"
    assert [entry["label"] for entry in found["classes"]] == ["yes", "no"]
    assert sum(entry["probability"] for entry in found["classes"]) == pytest.approx(1)


def test_html_is_written_beside_the_answer(run: Run, tmp_path: Path) -> None:
    """--html gives a file to share, whatever is printed."""
    page = tmp_path / "why.html"
    code, out, _ = explain_linear(run, "<b>good</b>", "--json", "--html", str(page))

    assert code == 0
    assert json.loads(out)["text"] == "<b>good</b>"
    assert "&lt;b&gt;good" in page.read_text(encoding="utf-8")


def test_one_bad_row_does_not_end_a_batch(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The row says why, the others are answered, and the exit code tells."""
    from explainers import BadInput

    def encode(self: LinearModel, question: Any) -> Any:
        if "rotten" in question.text:
            raise BadInput("rotten is no word")
        return original(self, question)

    original = LinearModel.encode
    monkeypatch.setattr(LinearModel, "encode", encode)
    file = tmp_path / "reviews.jsonl"
    file.write_text('"good"\n"rotten"\n"bad"\n', encoding="utf-8")
    code, out, err = explain_linear(run, str(file), "--json")
    rows = jsonl(out)

    assert code == 1
    assert rows[1] == {"row": 1, "text": "rotten", "error": {"code": "bad_input", "detail": "rotten is no word"}}
    assert [row["row"] for row in rows] == [0, 1, 2]
    assert "1 of 3" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("explain", "good", "--model", "nope"), "'nope' is neither a model nor a folder"),
        (("explain", "good", "--model", "linear", "--method", "nope"), "no explainer is called 'nope'"),
        (("explain", "good", "--model", "linear", "--target", "maybe"), "has no class 'maybe'; it has no, yes"),
        (("explain", "good", "--model", "linear", "--option", "x"), "write NAME=VALUE"),
        (("explain", "good", "--model", "linear", "--method", "lime", "--option", "x=1"), "option 'x'"),
        (("explain", "good", "--seed", "-1"), "greater than or equal to 0"),
        (("explain", "good", "--players", "letters"), "letters"),
        (("explain", "good", "--model", "linear", "--json", "--csv"), "exclude each other"),
        (("explain", "good", "--model", "linear", "--out", "answer.pdf"), ".json"),
        (("explain",), "give one text or file, or --prompt"),
        (("predict", "good", "--model", "nope"), "'nope' is neither a model nor a folder"),
        (("models", "check", "nowhere"), "nowhere is neither a folder nor the TOML file of a prompt"),
        (("models", "add", "nowhere"), "nowhere is neither a folder nor the TOML file of a prompt"),
        (("train", "nope"), "neither a file nor an embedded plan"),
        (("train", "sentiment", "--data", "nowhere"), "sst_trees/train.txt"),
        (("serve", "nowhere"), "nowhere is neither a folder nor the TOML file of a prompt"),
        (("serve", "--host", "0.0.0.0"), "0.0.0.0"),
        (("dance",), "dance"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_one_line_and_exit_code_2(run: Run, arguments: Sequence[str], says: str) -> None:
    """No traceback: the line names what was given and what is allowed."""
    code, out, err = run(*arguments)

    assert code == 2
    assert out == ""
    assert err.startswith("whence: ")
    assert err.count("\n") == 1
    assert says in err


def test_a_trained_model_is_not_written_over_another(run: Run, tmp_path: Path) -> None:
    """The folder must be new or empty; nothing in it is touched."""
    (tmp_path / "t.csv").write_text("text,label\ngood,pos\nbad,neg\n", encoding="utf-8")
    (tmp_path / "plan.toml").write_text(
        'name = "tiny"\ntitle = "T"\ndescription = "D"\nintended_use = "U"\nlimits = ["L"]\nlabels = ["neg", "pos"]\n'
        '[[train]]\nreader = "table"\npath = "t.csv"\n',
        encoding="utf-8",
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "card.json").write_text("mine", encoding="utf-8")
    code, _, err = run("train", str(tmp_path / "plan.toml"), "--data", str(tmp_path), "--out", str(tmp_path / "out"))

    assert code == 2
    assert "is there already and not empty" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["card.json"]
    assert (tmp_path / "out" / "card.json").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b'{"a": 1}\n', "a.jsonl", "no column 'text'; it has: a"),
        (b"{nope\n", "a.jsonl", "no line at the start of the file is a JSON object or a string"),
        (b"[1]\n", "a.jsonl", "one JSON array"),
        (b"\n", "a.jsonl", "the file is empty"),
        (b"a,b\n1,2\n", "a.csv", "no column 'text'; it has: a, b"),
        (b"text,label\na,b,c\n", "a.csv", "different numbers of fields: 3 \u2260 2"),
        (b"\xff\xfe", "a.txt", "is not UTF-8 (byte 0)"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(run: Run, tmp_path: Path, content: bytes, name: str, says: str) -> None:
    """The file, the row and what was expected there."""
    file = tmp_path / name
    file.write_bytes(content)
    code, _, err = explain_linear(run, str(file))

    assert code == 2
    assert name in err
    assert says in err


def test_control_characters_do_not_reach_the_terminal(run: Run) -> None:
    """A text could otherwise clear the screen or rewrite what stands above it."""
    out = explain_linear(run, "good\x1b[2J\u202ebad").out

    assert "\x1b" not in out
    assert "\u202e" not in out


def test_markup_of_the_table_library_is_text(run: Run) -> None:
    """[red] and [link=…] are words like any other."""
    out = explain_linear(run, "[red]good[/red] [link=file:///etc/passwd]bad[/link]").out

    assert "[red]good[/red]" in out
    assert "[link=file:///etc/passwd]bad[/link]" in out


def test_an_interrupt_ends_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is no error: no traceback, the exit code of the signal."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "run", interrupted)
    code, out, err = explain_linear(run, "good")

    assert (code, out, err) == (130, "", "")


def test_models_lists_the_embedded_ones(run: Run) -> None:
    """Without a server and without a data folder."""
    code, out, _ = run("models", "list", "--json")

    assert code == 0
    assert {"id": "toxicity", "source": "embedded"} in json.loads(out)


def test_methods_lists_every_method_with_its_options(run: Run) -> None:
    """The same schema draws the forms of the pages."""
    import explainers

    code, out, _ = run("methods", "--json")
    listed = {entry["name"]: entry for entry in json.loads(out)}

    assert code == 0
    assert tuple(listed) == explainers.names()
    assert listed["shap"]["options"]["type"] == "object"


def test_version_names_the_libraries(run: Run) -> None:
    """A report of a fault needs them."""
    out = run("version").out

    assert out.startswith("whence ")
    assert "torch " in out


def test_a_measure_is_asked_for_by_name(run: Run) -> None:
    """It stands among the checks; a name that does not exist is a mistake that lists those that do."""
    found = explain_linear(run, "good bad good", "--json", "--measure", "naopc")
    wrong = explain_linear(run, "good bad good", "--measure", "truth")

    assert json.loads(found.out)["checks"]["naopc_sufficiency"] == pytest.approx(0)
    assert wrong.code == 2
    assert "infidelity" in wrong.err
