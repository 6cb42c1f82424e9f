"""whence bench: the panel against captum, shap and lime, on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from json import loads
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from .._library import explainers
from ..datasets.reading.forms.decoding import lines_of
from ..engine.limits.threads import PATIENCE
from ..settings import Settings
from ..train.data import BRACKETS
from .terminal.output import as_json
from .terminal.progress import bar
from .terminal.registered import find_model
from .terminal.trouble import Mistake

SENTENCES = Path("sst_trees") / "dev.txt"
MORE_SENTENCES = Path("sst_trees") / "train.txt"
DATASETS, ROWS, QUICK_ROWS = "datasets", 1_000, 8  # texts of that part
PLAYERS = range(11, 41)
FEW, ALL = 5, 50  # sentences for the overlap between seeds
GENERATION = "generation"  # the part that is run alone
FULL_ROWS = 65536  # evaluations of each reference run


def bench(
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything that was measured.")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds of timing; medians are shown.")] = 3,
    words: Annotated[str, typer.Option(metavar="N,N", help="Words of the texts.")] = "8,16,31",
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="ID", help="A model or a folder; by default sentiment, or smollm2."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of the processor; by default torch's choice.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One round, small samples: does everything run?")] = False,
    full: Annotated[bool, typer.Option("--full", help="65,536 evaluations a reference, 50 sentences.")] = False,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where sst_trees with dev.txt and train.txt lies.")] = Path(
        "data"
    ),
    only: Annotated[
        str,
        typer.Option(
            metavar="PART,PART",
            help="Some of time, many, errors, seeds, overlap, by default all; datasets: 1,000 texts of 20 words; or "
            "generation: a language model against captum and inseq.",
        ),
    ] = "",
    tokens: Annotated[
        str,
        typer.Option(metavar="N,N", help="Tokens of the prompts of generation; FILE keeps its other ones."),
    ] = "40,120,400",
    docs: Annotated[Path | None, typer.Option(metavar="DIR", help="Write benchmarks.md and its plot there.")] = None,
) -> None:
    """Time, evaluations and error of the whole panel against captum, shap and lime as they are documented."""
    for name in PATIENCE:  # before torch is imported: all compute as torch comes
        os.environ.pop(name, None)
    if quick and full:
        raise Mistake("--quick and --full exclude each other")
    if only == GENERATION:
        measured = _generation(
            model, _lengths(tokens, "--tokens"), json=json, rounds=1 if quick else rounds, threads=threads
        )
        if docs is not None:
            explainers.write_generation_docs(measured, docs)
        return
    if only and docs is not None:
        raise Mistake("--docs needs all parts, or generation; leave out --only")
    lengths = _lengths(words, "--words")
    loaded = find_model(model or explainers.DEFAULT_MODEL, Settings(device="cpu"))  # the peers compute there
    options = explainers.BenchOptions(rounds=rounds, words=lengths)
    if quick:
        options = explainers.BenchOptions.quick(lengths)
    else:
        count = ALL if full else FEW
        options = replace(options, overlap_texts=_sentences(loaded, data / SENTENCES, count))
    if full:
        options = replace(options, reference_rows=FULL_ROWS)
    if DATASETS in only.split(","):
        count = QUICK_ROWS if quick else ROWS
        rows = _cut(loaded, data / MORE_SENTENCES, count, words=options.data_set_words)
        options = replace(options, data_set=rows, data_set_peers=2 if quick else options.data_set_peers)
    _compute_on(threads)
    with bar("warming up") as progress:
        parts = [part.strip() for part in only.split(",")] if only else None
        record = explainers.run_bench(loaded, options, only=parts, progress=progress)
    if json is not None:
        json.write_text(as_json(record, indent=True) + "\n", encoding="utf-8")
    if docs is not None:
        explainers.write_bench_docs(record, docs)
    _show(Console(), record)


def _generation(
    model: str | None, lengths: tuple[int, ...], *, json: Path | None, rounds: int, threads: int | None
) -> dict[str, Any]:
    """The part of the benchmark that is about language models; what the file has of the same model stays."""
    loaded = find_model(model or explainers.DEFAULT_LANGUAGE_MODEL, Settings(device="cpu"))
    _compute_on(threads)
    record: dict[str, Any] = {"generation": {}, **explainers.circumstances(loaded, explainers.GENERATION_PEERS)}
    before = _measured(json)
    if all(before.get(name) == record[name] for name in record if name != "generation"):
        record["generation"] = before["generation"]
    with bar("warming up") as progress:
        record["generation"] |= explainers.generation_bench(loaded, rounds=rounds, lengths=lengths, progress=progress)
    record["generation"] = dict(sorted(record["generation"].items(), key=lambda each: int(each[0])))
    if json is not None:
        json.write_text(as_json(record, indent=True) + "\n", encoding="utf-8")
    _print(Console(), explainers.GENERATION_HEADER, explainers.generation_rows(record))
    return record


def _measured(path: Path | None) -> dict[str, Any]:
    """The record of an earlier run of this part; empty where there is none. Raises Mistake for another file."""
    if path is None or not path.is_file():
        return {}
    try:
        held = loads(path.read_text(encoding="utf-8"))
        return dict(held) if set(held["generation"]) and all(map(str.isdecimal, held["generation"])) else {}
    except (ValueError, TypeError, KeyError):
        raise Mistake(f"--json {path}: is no record of this benchmark; name another file") from None


def _compute_on(threads: int | None) -> None:
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


def _lengths(given: str, option: str) -> tuple[int, ...]:
    parts = given.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise Mistake(f"{option} {given!r}: write numbers with commas between them, such as 8,16,31")
    return tuple(sorted({int(part) for part in parts}))


def _sentences(model: explainers.Model, path: Path, count: int) -> tuple[str, ...]:
    """The first so many of 11 to 40 players; none where the file is missing."""
    if not path.is_file():
        return ()
    texts = (" ".join(words) for words in _words(path))
    fitting = (t for t in texts if len(model.encode(explainers.Question.about(text=t)).features) in PLAYERS)
    return tuple(islice(fitting, count))


def _cut(model: explainers.Model, path: Path, count: int, *, words: int) -> tuple[str, ...]:
    """The beginnings of the first sentences that are as long, each of so many words; none where the file is missing."""
    if not path.is_file():
        return ()
    starts = (" ".join(line[:words]) for line in _words(path) if len(line) >= words)
    fitting = (t for t in starts if len(model.encode(explainers.Question.about(text=t)).features) == words)
    return tuple(islice(fitting, count))


def _words(path: Path) -> Iterator[list[str]]:
    """The words of each sentence."""
    for line in lines_of(path):
        yield [BRACKETS.get(word, word) for word in re.findall(r"\(\d ([^\s()]+)\)", line)]


def _show(console: Console, record: dict[str, Any]) -> None:
    for header, rows in explainers.bench_tables(record):
        _print(console, header, rows)


def _print(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*header, box=None, padding=(0, 1))
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print()
