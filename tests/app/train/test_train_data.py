"""Readers of labelled texts, and what keeps held-out texts out of training."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from app.datasets.duplicates import fingerprint
from app.train.data import BadData, Example, missing_files, read, training_examples
from app.train.plan import Judgement, Plan, Source

LABELS = ("negative", "positive")


def rows(
    root: Path, reader: Any, content: str, *, name: str = "file.txt", labels: Any = LABELS
) -> list[tuple[str, str]]:
    (root / name).write_text(content, encoding="utf-8")
    examples, _ = read(Source(reader=reader, path=name), root, labels)
    return [(example.text, labels[example.label]) for example in examples]


def plan(*, train: tuple[Source, ...], judge: tuple[Judgement, ...] = ()) -> Plan:
    return Plan(
        name="tiny",
        title="T",
        description="D",
        intended_use="U",
        limits=("L",),
        labels=LABELS,
        train=train,
        judge=judge,
    )


def test_sst_trees_give_every_phrase_that_is_not_neutral(tmp_path: Path) -> None:
    """(3 (2 a) (4 (4 good) (2 film))): the sentence, 'good film' and 'good' are positive, 'a' and 'film' neutral."""
    found = rows(tmp_path, "sst_phrases", "(3 (2 a) (4 (4 good) (2 film)))\n(1 (0 bad) (2 -LRB-))\n")

    assert sorted(found) == [
        ("a good film", "positive"),
        ("bad", "negative"),
        ("bad (", "negative"),
        ("good", "positive"),
        ("good film", "positive"),
    ]


def test_a_phrase_keeps_the_label_of_its_first_and_longest_occurrence(tmp_path: Path) -> None:
    """The same words may be labelled twice; training must not see both."""
    found = rows(tmp_path, "sst_phrases", "(3 (4 good) (2 film))\n(1 (0 good) (2 cop))\n")

    assert [label for text, label in found if text == "good"] == ["positive"]


def test_sst_lines_begin_with_their_label(tmp_path: Path) -> None:
    """Brackets of the treebank are brackets again."""
    found = rows(tmp_path, "sst_binary", "1 a joy -LRB- really -RRB-\n0 dull\n")

    assert found == [("a joy ( really )", "positive"), ("dull", "negative")]


def test_imdb_rows_are_tab_separated(tmp_path: Path) -> None:
    """Labels come capitalised, texts may hold line breaks in quotes."""
    found = rows(tmp_path, "imdb_cad", 'Sentiment\tText\tbatch_id\nPositive\t"good\nfilm"\t4\nNegative\tbad\t4\n')

    assert found == [("good\nfilm", "positive"), ("bad", "negative")]


def test_hatexplain_is_normal_or_toxic(tmp_path: Path) -> None:
    """Offensive and hateful are one class, in both of its file formats."""
    labels = ("normal", "toxic")
    table = rows(tmp_path, "hatexplain_csv", "text,label\na,normal\nb,offensive\nc,hatespeech\n", labels=labels)
    lines = '{"tokens": ["a", "b"], "majority": "normal"}\n{"tokens": ["c"], "majority": "hatespeech"}\n'

    assert [label for _, label in table] == ["normal", "toxic", "toxic"]
    assert rows(tmp_path, "hatexplain_jsonl", lines, labels=labels) == [("a b", "normal"), ("c", "toxic")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", 'text,label\n"good, really",positive\nbad,negative\n'),
        ("t.tsv", "text\tlabel\ngood, really\tpositive\nbad\tnegative\n"),
        ("t.jsonl", '{"text": "good, really", "label": "positive"}\n{"text": "bad", "label": "negative"}\n'),
    ],
)
def test_a_plain_table_is_read_by_its_ending(tmp_path: Path, name: str, content: str) -> None:
    """Anybody's own data: CSV, TSV or JSON Lines with a text and a label column."""
    assert rows(tmp_path, "table", content, name=name) == [("good, really", "positive"), ("bad", "negative")]


def test_the_record_of_a_file_is_its_hash_and_its_rows(tmp_path: Path) -> None:
    """The card names exactly what was trained on."""
    content = b"1 good\n0 bad\n"
    (tmp_path / "f.txt").write_bytes(content)
    _, record = read(Source(reader="sst_binary", path="f.txt"), tmp_path, LABELS)

    assert (record.path, record.rows) == ("f.txt", 2)
    assert record.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("reader", "content", "says"),
    [
        ("table", "text,label\ngood,maybe\n", "label 'maybe' is none of negative, positive"),
        ("table", "text,mark\ngood,positive\n", "no column 'label'; it has: text, mark"),
        ("table", "text,label\ngood,\n", "no row has a text and a label"),
        ("table", "text,label\ngood,0\nbad,1\n", r"label '0' is none of negative, positive; say which.*classes ="),
        ("sst_binary", "7 good\n", "not what the reader 'sst_binary' expects"),
        ("hatexplain_jsonl", "nope\n", "not what the reader 'hatexplain_jsonl' expects"),
        ("imdb_cad", "a\tb\n1\t2\n", "no column 'Text'; it has: a, b"),
        ("sst_phrases", "(3 (4 good)\n)) x\n", "not what the reader 'sst_phrases' expects"),
    ],
)
def test_a_file_that_is_not_what_the_plan_says_is_refused(tmp_path: Path, reader: Any, content: str, says: str) -> None:
    """The message names the file and the reader; nothing is silently skipped."""
    with pytest.raises(BadData, match=says) as caught:
        rows(tmp_path, reader, content, name="file.csv")

    assert "file.csv" in str(caught.value)


def test_texts_that_are_judged_by_are_never_trained_on(tmp_path: Path) -> None:
    """Also not when case, spacing or punctuation differ; duplicates among the training texts count once."""
    (tmp_path / "train.txt").write_text("1 A good film !\n1 fine\n1 Fine.\n0 dull\n", encoding="utf-8")
    (tmp_path / "dev.txt").write_text("1 a good film\n", encoding="utf-8")
    chosen = plan(
        train=(Source(reader="sst_binary", path="train.txt"),),
        judge=(Judgement(name="dev", reader="sst_binary", path="dev.txt"),),
    )
    examples, files = training_examples(chosen, tmp_path)

    assert examples == [Example("fine", 1), Example("dull", 0)]
    assert [(f.path, f.rows) for f in files] == [("train.txt", 4)]


def test_a_plan_that_leaves_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    """Before anything is loaded, with the reason."""
    (tmp_path / "t.txt").write_text("1 good\n0 bad\n", encoding="utf-8")
    source: Any = {"reader": "sst_binary", "path": "t.txt"}
    chosen = plan(train=(Source(**source),), judge=(Judgement(name="same", **source),))

    with pytest.raises(BadData, match="every text to learn from is also one to be judged by"):
        training_examples(chosen, tmp_path)


def test_missing_files_are_named_once(tmp_path: Path) -> None:
    """Before anything is loaded the command can say what it lacks."""
    (tmp_path / "here.txt").write_text("", encoding="utf-8")
    sources = tuple(Source(reader="sst_binary", path=path) for path in ("here.txt", "gone.txt", "gone.txt"))

    assert missing_files(plan(train=sources), tmp_path) == ["gone.txt"]


def test_fingerprints_keep_letters_of_every_script() -> None:
    """这部电影 and 那部电影 differ; only case, spacing and punctuation are ignored."""
    assert fingerprint("Don't, PANIC!") == fingerprint("dont panic")
    assert fingerprint("这部电影") != fingerprint("那部电影")


def test_cells_are_read_as_they_stand(tmp_path: Path) -> None:
    """Line breaks in quotes, what other programs take for line ends, the mark that Excel writes."""
    content = '\ufefftext,label\r\n"a good\r\nfilm",positive\r\n"one\u2028two\x85three",negative\r\n'

    assert rows(tmp_path, "table", content, name="t.csv") == [
        ("a good\r\nfilm", "positive"),
        ("one\u2028two\x85three", "negative"),
    ]
    assert rows(tmp_path, "table", '{"text": "one\u2028two", "label": "positive"}\n', name="t.jsonl") == [
        ("one\u2028two", "positive")
    ]


def test_rows_that_are_left_out_are_counted(tmp_path: Path) -> None:
    """Rows that cannot be read, with their line, and rows without a label."""
    (tmp_path / "t.csv").write_text("text,label\na, b,positive\ngood,positive\nfine,\n", encoding="utf-8")
    examples, record = read(Source(reader="table", path="t.csv"), tmp_path, LABELS)

    assert examples == [Example("good", 1)]
    assert (record.rows, record.bad_rows, record.unlabelled) == (1, 1, 1)
    assert record.bad[0].startswith("line 2: The row and the header have different numbers of fields: 3 ≠ 2.")


def test_a_plan_says_what_the_numbers_of_a_file_mean(tmp_path: Path) -> None:
    """The order of a plan's labels says nothing of them; 1.0 is the number 1."""
    (tmp_path / "t.csv").write_text("text,label\nbad,1.0\ngood,0.0\n", encoding="utf-8")
    source = Source(reader="table", path="t.csv", classes={"0": "positive", "1": "negative"})

    assert read(source, tmp_path, LABELS)[0] == [Example("bad", 0), Example("good", 1)]


def test_a_share_of_one_file_judges_and_the_rest_is_learned_from(tmp_path: Path) -> None:
    """Drawn by a hash of the text: the same rows each time, and none on both sides."""
    lines = [f"text number {n},{LABELS[n % 2]}" for n in range(400)]
    (tmp_path / "one.csv").write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    judge = Judgement(name="held out", reader="table", path="one.csv", share=0.25)
    judged = {e.text for e in read(judge, tmp_path, LABELS)[0]}
    learned = {
        share: {e.text for e in training_examples(plan(train=(each,), judge=(judge,)), tmp_path)[0]}
        for share in (1.0, 0.5)
        for each in (Source(reader="table", path="one.csv", share=share),)
    }

    assert 70 <= len(judged) <= 130
    assert learned[1.0] | judged == {line.partition(",")[0] for line in lines}
    assert not learned[1.0] & judged
    assert learned[0.5] < learned[1.0]
    assert 110 <= len(learned[0.5]) <= 190  # half of what is left, not of what is judged
