"""Masked words in a whole audit: in no form of the report, on the page for who asks. The words are harmless."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from app.audit.evidence import words
from app.audit.evidence.oracle import LocalOracle
from app.audit.report import report
from app.audit.run import verification
from app.audit.run.run import run
from app.audit.run.sources import material_of
from app.errors import BadRequest
from tests.app.audit.planted import model, plan, silent
from tests.app.audit.test_audit_served import ASKED, planted
from tests.app.jobs.inline import execution
from tests.served import served

STAND_INS = ("chris", "excellent")  # words of the templates


@pytest.fixture(autouse=True)
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "listed.sha256"
    file.write_text("\n".join(map(words.digest_of, STAND_INS)))
    monkeypatch.setattr(words, "MASKED", file)
    monkeypatch.setattr(words, "masked_hashes", words.masked_hashes.__wrapped__)


def written(folder: Path, **declared: Any) -> Path:
    asked = plan(**declared)
    material = material_of(asked, folder=Path())
    made = report.build(*run(asked, material, LocalOracle(model()), silent), folder, run={})
    report.write(made, folder, pdf=False)
    return folder / "report.json"


def readable(folder: Path) -> dict[str, str]:
    """Every file as text; of a table its cells."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            cells = path.suffix == ".parquet" and json.dumps(pq.read_table(path).to_pylist())
            found[path.name] = cells or path.read_text("utf-8", "replace")
    return {name: content.lower() for name, content in found.items()}


def holding(folder: Path) -> set[str]:
    return {name for name, content in readable(folder).items() if any(word in content for word in STAND_INS)}


def test_no_form_of_a_report_holds_a_listed_word(tmp_path: Path) -> None:
    """The texts keep their hashes, their length and the places of their words, and the report can be verified."""
    shown = json.loads(written(tmp_path / "shown", slurs="shown").read_text())
    hidden = json.loads((path := written(tmp_path / "masked")).read_text())
    material = material_of(plan(), folder=Path())

    assert holding(tmp_path / "masked") == set()
    assert {"report.json", "report.html", "texts.parquet", "words.parquet"} <= holding(tmp_path / "shown")
    assert verification.verify(path).sha256 == hidden["sha256"] != shown["sha256"]
    assert verification.rerun(path, material, LocalOracle(model())).largest == pytest.approx(0, abs=1e-6)
    assert verification.verify(tmp_path / "shown" / "report.json").sha256 == shown["sha256"]
    hashes = [pq.read_table(tmp_path / name / "tables" / "rows.parquet")["text_sha256"] for name in ("shown", "masked")]
    assert hashes[0] == hashes[1]
    for example in (each for gap in hidden["content"]["examples"] for each in gap["texts"]):
        original = material.texts[example["row"]]
        assert len(example["text"]) == len(original)
        assert all(original[start:end].strip() == original[start:end] for start, end, _ in example["words"])


def test_two_listed_words_stay_two(tmp_path: Path) -> None:
    """Each has its own line, with the effect that was measured of it."""
    hidden = json.loads(written(tmp_path).read_text())["content"]
    lines = {one["word"]: one for one in hidden["words"][0]["words"] if "•" in one["word"]}

    assert set(lines) == {words.masked_name(word) for word in STAND_INS}
    assert words.masked_name("Chris,") == words.masked_name("chris")
    assert all(one["tried"] >= one["texts"] for one in lines.values())


def test_a_masked_text_that_is_changed_is_refused(tmp_path: Path) -> None:
    """Putting the word back is a change like any other."""
    path = written(tmp_path)
    made = json.loads(path.read_text())
    made["content"]["examples"][0]["texts"][0]["text"] = "another text"
    path.write_text(json.dumps(made))

    with pytest.raises(BadRequest, match="the content was changed"):
        verification.verify(path)


def test_the_page_shows_the_words_to_who_asks(tmp_path: Path) -> None:
    """Masked at first, in the archive and over REST always."""
    app, _ = served(tmp_path, load=planted)
    with TestClient(app, base_url="http://localhost") as client:
        id = client.post("/v1/audits", json=ASKED).json()["id"]
        execution(client.app.state.services.store, load=planted).run(id)  # type: ignore[attr-defined]
        page, asked = (client.get(f"/audits/{id}{query}").text.lower() for query in ("", "?words=shown"))
        body = client.get(f"/v1/audits/{id}").text.lower()
        (tmp_path / "report.zip").write_bytes(client.get(f"/v1/audits/{id}/report?format=zip").content)
    with zipfile.ZipFile(tmp_path / "report.zip") as file:
        file.extractall(tmp_path / "unpacked")

    assert not any(word in page or word in body for word in STAND_INS)
    assert any(word in asked for word in STAND_INS)
    assert holding(tmp_path / "unpacked") == set()
    assert verification.verify(tmp_path / "unpacked" / "report.json").rows
