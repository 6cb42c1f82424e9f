"""A data set with planted trouble: each kind is found where it was planted, and hardly anywhere else."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app.cli import main
from app.datasets.checking.check import Rows, check
from app.datasets.checking.damage import is_damaged, repaired
from app.datasets.checking.files import APPLIED, cleaned, rows_of
from app.datasets.checking.personal import found_in, masked
from app.datasets.checking.schemas import CheckedOut
from tests.app.datasets.test_duplicates import sentences

PLANTED = 40
GERMAN = "Der {} war ziemlich langweilig, und ich bin nach einer Stunde gegangen ({})"


def rows(texts: list[str], labels: list[str | None], name: str = "train.csv") -> Rows:
    return Rows(name, tuple(range(len(texts))), tuple(texts), tuple(labels))


def found_rows(found: CheckedOut, kind: str) -> set[int]:
    return {row for finding in found.findings if finding.kind == kind for row in finding.rows}


def planted() -> tuple[Rows, Rows, dict[str, set[int]]]:
    texts, test = sentences(600, seed=3), sentences(200, seed=4)
    labels: list[str | None] = ["no", "yes"] * 300
    where: dict[str, set[int]] = {}

    def plant(kind: str, made: list[str], own: list[str | None]) -> None:
        where[kind] = set(range(len(texts), len(texts) + len(made)))
        texts.extend(made)
        labels.extend(own)

    plant("duplicate", [text.upper() + "!" for text in texts[:PLANTED]], labels[:PLANTED])
    plant("conflict", texts[100 : 100 + PLANTED], labels[101 : 101 + PLANTED])
    where["conflict"] |= set(range(100, 100 + PLANTED))
    plant("leak", test[:PLANTED], ["yes"] * PLANTED)
    plant("damaged", [f"{text} cafÃ© {n * 37}" for n, text in enumerate(sentences(PLANTED, seed=5))], ["no"] * PLANTED)
    plant("foreign", [GERMAN.format(w, n * 7919) for n, w in enumerate(["Film", "Abend"] * 20)], [None] * PLANTED)
    plant(
        "personal",
        [f"{text} call +49 170 1234{n:03d}" for n, text in enumerate(sentences(PLANTED, seed=6))],
        ["no"] * PLANTED,
    )
    return rows(texts, labels), rows(test, ["yes"] * 200, "test.csv"), where


def test_planted_trouble_is_found_and_little_else() -> None:
    data, test, where = planted()

    found = check(data, [test], tell=lambda done, note: None)

    for kind, wanted in where.items():
        hit = found_rows(found, kind)
        assert len(hit & wanted) >= 0.95 * len(wanted), kind
        assert len(hit - wanted) <= 0.01 * len(data.texts), kind
    leak = next(finding for finding in found.findings if finding.kind == "leak")
    assert leak.file == "test.csv"
    assert [data.texts[row] for row in leak.rows] == [test.texts[row] for row in leak.others]


def test_clean_texts_are_left_alone() -> None:
    fine = [
        "schöne Grüße, naïve café — “quoted” 😀",
        "这部电影很好看，演员也很出色。",
        "l’été à Noël",
        "½ cup, 20 °C",
        "ﬁne",
    ]

    assert [text for text in fine if is_damaged(text)] == []
    assert [is_damaged(text) for text in ("schÃ¶n", "don�t", "â€œgreatâ€\x9d", "å¥½ç\x9c\x8b")] == [True] * 4
    assert repaired("schÃ¶ne GrÃ¼Ã\x9fe &amp; “x”") == "schöne Grüße &amp; “x”"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to jo.ann+x@mail.example.co.uk, please", ["email"]),
        ("card 4111 1111 1111 1111 and 5500-0000-0000-0004", ["card", "card"]),
        ("not a card: 4111 1111 1111 1112 0", []),
        ("call +44 20 7946 0958 or (555) 123-4567", ["phone", "phone"]),
        ("手机 13812345678", ["phone"]),
        ("in 2019-12-31 it made 1,234,567 dollars in 3 weeks", []),
        ("&#35828;&#23454;&#35805; 10000000", []),
        ("11.12.2020 10.5 2020 2021 1 2 3", []),
    ],
)
def test_personal_data_is_told_from_other_numbers(text: str, kinds: list[str]) -> None:
    assert [kind for kind, _, _ in found_in(text)] == kinds


def test_masks_stand_in_the_place_of_what_they_hide() -> None:
    assert masked("a@b.org: 4111111111111111, +49 30 901820!") == "[e-mail]: [card], [phone]!"


def test_a_small_class_and_a_long_text_are_told() -> None:
    texts = [f"{text} {n}" for n, text in enumerate(sentences(100, seed=7))]
    texts[3] = "word " * 600
    found = check(rows(texts, ["rare"] + ["often"] * 99), tell=lambda done, note: None)

    assert found_rows(found, "balance") == {0}
    assert found_rows(found, "long") == {3}
    assert found.lengths is not None
    assert found.lengths.longest > 600


def test_what_is_cleaned_is_counted_and_the_rest_stays() -> None:
    data, test, _ = planted()
    found = check(data, [test], tell=lambda done, note: None)

    kept, counts = cleaned(data, found, APPLIED)

    assert counts["leak"] == counts["duplicate"] == counts["damaged"] == counts["personal"] == PLANTED
    assert counts["conflict"] == 2 * PLANTED
    dropped = sum(counts[kind] for kind in ("leak", "near_leak", "duplicate", "conflict") if kind in counts)
    assert len(kept) == len(data.texts) - dropped
    assert not any("Ã" in text or "+49" in text for text, _ in kept)


def test_the_command_lists_rows_and_writes_a_new_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, clean = tmp_path / "rows.csv", tmp_path / "clean.csv"
    lines = [["text", "label"], ["a good film", "1"], ["", "1"], ["A good film!", "1"], ["a dull one", "0"]]
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(lines)

    with pytest.raises(SystemExit) as ended:
        main(["datasets", "check", str(file), "--clean", str(clean), "--json"])
    answer = json.loads(capsys.readouterr().out)
    origin = json.loads(clean.with_name("clean.csv.origin.json").read_text("utf-8"))

    assert ended.value.code == 0
    found = {finding["kind"]: finding for finding in answer["findings"]}
    assert (found["duplicate"]["rows"], found["duplicate"]["others"]) == ([2], [0])
    assert found["unreadable"]["rows"] == [1]
    assert clean.read_text("utf-8") == "text,label\na good film,1\na dull one,0\n"
    assert origin["made_from"]["file"] == "rows.csv"
    assert rows_of(clean).texts == ("a good film", "a dull one")
    with pytest.raises(SystemExit) as again:
        main(["datasets", "check", str(file), "--clean", str(clean)])
    assert again.value.code == 2
    assert "is there already" in capsys.readouterr().err
