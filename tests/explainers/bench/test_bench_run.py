"""The benchmark end to end on a model that answers at once, and its peers on a small real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from explainers.bench import forward
from explainers.bench.peers import Peer, Rows, batched_peers_of, parts_of, peers_of, predict_proba
from explainers.bench.report import (
    ELSEWHERE,
    ERROR_HEADER,
    FIGURE_HEADER,
    bench_tables,
    markdown,
    plot,
    write_bench_docs,
)
from explainers.bench.run import METHODS, BenchOptions, run_bench
from explainers.contract import Question
from explainers.errors import BadInput
from explainers.testing import NeighbourModel
from tests.tiny import tiny

WEIGHTS = {"gorgeous": (0.0, 2.0), "witty": (0.0, 1.0), "slow": (0.5, -1.0), "old": (0.2, 0.1), "young": (0.0, 0.4)}


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    peers = {name: Peer(lambda text: sum(range(20000))) for name in ("captum", "shap", "lime")}
    options = BenchOptions(rounds=1, words=(4, 8), reference_rows=64, error_seeds=1, sentences=1, sentence_seeds=1)
    return run_bench(NeighbourModel(WEIGHTS), options, peers=peers, batched=peers)


def test_the_record_holds_what_programs_read(record: dict[str, Any]) -> None:
    """It survives JSON without NaN, as the contract of --json has it."""
    read = json.loads(json.dumps(record, allow_nan=False))

    for name in ("panel", "panel_draft"):
        assert set(read[name]) == {"4", "8", "geomean"}
        assert set(read[name]["8"]) == {"ratio", "whence_s", "peers_s"}
    assert set(read["shapley_error"]["whence"]) == set(read["shapley_error"]["shap"]) == {"4", "8"}
    assert set(read["batched"]["panel"]) == {"4", "8", "geomean"}
    assert read["many"]["a_second"]["together"] > 0
    assert read["mean_batch"] > 0
    assert read["precision"] == "fp32"
    assert "efficiency" in read


def test_exact_values_have_no_error(record: dict[str, Any]) -> None:
    """Up to six players every coalition is evaluated; eight are sampled within the stated tenth."""
    assert record["shapley_error"]["whence"]["4"] == pytest.approx(0, abs=1e-9)
    assert 0 < record["shapley_error"]["whence"]["8"] < 0.1


def test_nothing_is_evaluated_for_the_measures_alone_up_to_six_players(record: dict[str, Any]) -> None:
    """All 16 coalitions of four words are in the table already; eight words take at most a hundred rows."""
    assert record["evaluations"]["4"]["table"] == 16
    assert record["evaluations"]["4"]["measures"] == 0
    assert record["evaluations"]["8"]["table"] <= 100


def test_the_phases_add_up_to_the_panel(record: dict[str, Any]) -> None:
    """So that a slow part can be found."""
    phases = record["phases"]["8"]

    assert set(METHODS) <= set(phases)
    assert sum(seconds for name, seconds in phases.items() if name != "total") == pytest.approx(phases["total"])


def test_the_page_and_the_plot_are_of_the_record(record: dict[str, Any], tmp_path: Path) -> None:
    """Every ratio of the record is on the page; the page names no host and no folder."""
    write_bench_docs(record, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")

    assert page == markdown(record)
    assert f"| {record['panel']['8']['ratio']:.1f} |" in page
    assert str(tmp_path) not in page
    assert (tmp_path / "images" / "benchmarks.svg").read_text(encoding="utf-8") == plot(record)
    assert [len({len(header), *map(len, rows)}) for header, rows in bench_tables(record)] == [1, 1, 1]


def test_what_other_commands_measured_stays_on_the_page(record: dict[str, Any], tmp_path: Path) -> None:
    """All else is written anew."""
    (tmp_path / "benchmarks.md").write_text(f"old\n{ELSEWHERE}\n\nkept\n")
    write_bench_docs(record, tmp_path)

    assert (tmp_path / "benchmarks.md").read_text() == f"{markdown(record)}\n{ELSEWHERE}\n\nkept\n"


def test_parts_can_be_run_alone() -> None:
    """A part needs no other, and the tables show what there is; a name that is none is told with those that are."""
    options = BenchOptions(rounds=1, words=(4,), reference_rows=64, error_seeds=1, sentences=1, sentence_seeds=1)
    found = run_bench(NeighbourModel(WEIGHTS), options, only=("errors", "overlap"))

    assert "panel" not in found
    assert [header for header, _ in bench_tables(found)] == [ERROR_HEADER, FIGURE_HEADER]
    with pytest.raises(BadInput, match="no part sped; choose of time, many"):
        run_bench(NeighbourModel(WEIGHTS), options, only=("sped",))


def test_a_data_set_is_explained_beside_partition() -> None:
    """All texts by ours, the first of them by the peers; it is run where it is asked for, and needs texts."""
    asked: list[str] = []
    peers = {name: Peer(lambda text: asked.append(text)) for name in ("captum", "shap", "lime")}
    texts = tuple(f"gorgeous {word} slow film about old men and young women" for word in ("witty", "old", "very"))
    options = BenchOptions(rounds=1, words=(4,), data_set=texts, data_set_words=10, data_set_peers=2)
    found = run_bench(NeighbourModel(WEIGHTS), options, only=("datasets",), peers=peers, batched=peers)

    assert asked == [*texts[:2], *texts[:2]]
    told = found["data_set"]
    assert (told["texts"], told["explained"], told["peers_texts"]) == (3, 3, 2)
    assert told["ratio"] == pytest.approx(told["a_second"]["whence"] / told["a_second"]["shap"])
    assert 0 <= told["stated_error"] < 0.2
    rows = dict(row for header, part in bench_tables(found) if header == FIGURE_HEADER for row in part)
    assert "a second" in rows["3 texts of 10 words by SHAP"]
    with pytest.raises(BadInput, match="no texts for the part datasets"):
        run_bench(NeighbourModel(WEIGHTS), BenchOptions(words=(4,)), only=("datasets",))


def test_quick_runs_are_small() -> None:
    """One round and few seeds."""
    assert BenchOptions.quick((8,)).rounds == 1
    assert BenchOptions.quick((8,)).words == (8,)


def test_the_peers_explain_the_text_as_documented() -> None:
    """captum 50 points, lime 5,000 samples; the network that predicts is not touched."""
    model = tiny("bert")
    weights = next(model._network.module.parameters())
    peers = peers_of(model)
    found = {}
    for name, peer in peers.items():
        with Rows(peer.network) as rows:
            found[name] = peer("a good film is not bad")
        assert sum(rows.batches) > 0
    scores, _ = found["captum"]

    assert tuple(scores.shape) == (1, 8)
    assert found["shap"].values[0].shape[1] == 2
    assert len(found["lime"].as_list(label=found["lime"].top_labels[0])) == 6
    assert not weights.requires_grad


def test_peers_that_are_batched_well_ask_each_text_once() -> None:
    """lime's 5,000 samples of six words are at most 64 texts; its weights stay what they were."""
    model = tiny("bert")
    text = "a good film is not bad"
    plain, well = peers_of(model)["lime"], batched_peers_of(model)["lime"]
    with Rows(well.network) as rows:
        found = well(text)
    again = plain(text)
    shap = batched_peers_of(model)["shap"](text)

    assert sum(rows.batches) <= 64
    assert dict(found.as_list(label=found.top_labels[0])) == pytest.approx(
        dict(again.as_list(label=again.top_labels[0])), abs=0.02
    )
    assert shap.values[0].shape[1] == 2


def test_batches_of_lime_give_the_probabilities_of_the_model() -> None:
    """Padding changes nothing beyond rounding."""
    model = tiny("bert")
    texts = ["a good film", "bad", "the film is not good and not bad"]
    found = predict_proba(parts_of(model), texts)

    import torch

    alone = [torch.softmax(torch.tensor(model.predict([model.encode(Question.about(text=t))])), dim=-1) for t in texts]
    assert found == pytest.approx(torch.cat(alone).numpy(), abs=1e-5)


def test_efficiency_is_a_share_of_the_bare_network() -> None:
    """Whatever the machine: positive, and of the right quotient."""
    found = forward.efficiency_of(
        tiny("bert"), "a good film is not bad but the movie is dull and not funny", precision="fp32"
    )

    assert found["efficiency"] == pytest.approx(found["tokens_per_s"] / found["bare_tokens_per_s"])
    assert found["best_batch"] in forward.BATCHES
    assert found["mean_batch"] > 32


def test_a_fake_has_no_bare_network() -> None:
    """Then there is no share, and it is said so."""
    text = "gorgeous witty slow old young a b c d e f g"

    assert forward.efficiency_of(NeighbourModel(WEIGHTS), text, precision="fp32")["efficiency"] is None
