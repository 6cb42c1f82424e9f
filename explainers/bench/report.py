"""The record of a run as a page of documentation and a plot; every number comes from the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .generation import GENERATION_HEADER, generation_rows

Row = tuple[str, ...]
VARIANTS = {
    "panel": "default",
    "panel_fp32": "default budget, fp32",
    "panel_bf16": "default budget, bf16",
    "panel_draft": "draft of 256 evaluations",
    "panel_draft_fp32": "draft, fp32",
}
PLOT = "images/benchmarks.svg"
ELSEWHERE = "## Measured elsewhere"  # the part of the page that other commands measure
LANGUAGE = "## Language models"  # of those the last, which `whence bench --only generation` writes

GENERATION_PROSE = """\
Written by `whence bench --only generation --docs docs`. Leave-one-out of every token of a prompt for each of
the {answers} tokens of an answer, the end-of-text token in the place of what is absent: the prompt once, and once
without each token. captum's LLMAttribution with FeatureAblation says the answer token by token, as it does by
default, or in one pass where it is told to; its kept keys and values are left out, since with transformers 5
they give other numbers. inseq's occlusion goes through the prompt for each token of the answer. Whoever repeats
everything for each token is timed on the first, taken as many times. The last column is the largest difference of
a value from ours. Rounds, in turn, in fp32: {rounds}."""

TIME_HEADER = ("setting", "words", "Whence, s", "peers as documented, s", "ratio", "batched well, s", "ratio")
ERROR_HEADER = ("words", "Whence", "Whence, bf16", "shap Partition", "shap Permutation", "distance")
FIGURE_HEADER = ("figure", "value")


def bench_tables(record: Mapping[str, Any]) -> list[tuple[Row, list[Row]]]:
    """Header and rows of the three tables of a run, time, error, further figures, of the parts that were run."""
    tables = [
        (TIME_HEADER, list(time_rows(record))),
        (ERROR_HEADER, list(error_rows(record))),
        (FIGURE_HEADER, list(figure_rows(record))),
    ]
    return [(header, rows) for header, rows in tables if rows]


def lengths(record: Mapping[str, Any]) -> list[str]:
    return [length for length in record["panel"] if length != "geomean"]


def time_rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """(setting, words, Whence, peers as documented, ratio, peers batched well, ratio)."""
    for name, title in VARIANTS.items():
        if name not in record:
            continue
        documented, batched = record[name], record["batched"][name]
        for length in lengths(record):
            row, well = documented[length], batched[length]
            yield (
                title, length, f"{row['whence_s']:.2f}", f"{row['peers_s']:.2f}", f"{row['ratio']:.1f}",
                f"{well['peers_s']:.2f}", f"{well['ratio']:.1f}",
            )  # fmt: skip
        means = f"{documented['geomean']:.1f}", f"{batched['geomean']:.1f}"
        yield title, "geometric mean", "", "", means[0], "", means[1]


def error_rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """(words, Whence fp32, Whence bf16, shap Partition, shap Permutation, distance of the reference runs)."""
    errors = record.get("shapley_error", {"whence": {}})
    keys = ("whence", "whence_bf16", "shap_partition", "shap_permutation", "reference_distance")
    for length in errors["whence"]:
        yield length, *(_share(errors[key][length]) for key in keys)


def figure_rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """(figure, value) of everything that is one number."""
    if "forward" in record:
        longest = lengths(record)[-1]
        yield f"forward efficiency, {longest} words", _share(record["efficiency"])
        yield f"forward efficiency, {longest} words, fp32", _share(record["efficiency_fp32"])
        yield "tokens a second of the coalitions", f"{record['forward']['tokens_per_s']:,.0f}"
        yield "mean batch of the coalitions", f"{record['mean_batch']:.1f}"
        yield f"precision of the default panel, {longest} words", str(record["precision"])
    for budget, found in record.get("seed_error", {}).items():
        ratio = "–" if found["ratio"] is None else f"{found['ratio']:.2f}"
        said = f"{_share(found['whence'])} against {_share(found['antithetic'])}, ratio {ratio}"
        yield f"error at 9 words, {budget} evaluations, against antithetic permutation", said
    if (overlap := record.get("top5_overlap")) is not None:
        value = overlap["value"]
        said = overlap["reason"] if value is None else f"{value:.3f} ({overlap['texts']} texts)"
        yield "top-5 overlap between seeds", said
    for length, found in record.get("evaluations", {}).items():
        said = (
            f"{found['table']} rows ({found['measures']} of them for the measures), {found['gradient_rows']} gradients"
        )
        yield f"evaluations of the default panel, {length} words", said
    if "many" in record:
        yield from many_rows(record["many"])
    if "data_set" in record:
        yield from data_set_rows(record["data_set"])
    if (memory := record.get("memory")) is not None:
        yield "peak memory of the process, Whence alone", f"{memory['whence_peak_mb']:.0f} MB"
        yield "peak memory of the process, with the peers", f"{memory['with_peers_peak_mb']:.0f} MB"


def many_rows(many: Mapping[str, Any]) -> Iterator[Row]:
    """(figure, value) of a data set."""
    rates = many["a_second"]
    said = f"{rates['together']:.1f} a second together, {rates['alone']:.1f} one by one"
    yield f"{many['texts']} texts of 12 words by SHAP", f"{said}; stated error {many['stated_error']:.1%}"
    shap = f"{rates['shap']:.2f} as documented (ratio {many['ratio']:.0f})"
    well = f"{rates['shap_batched']:.2f} batched (ratio {many['ratio_batched']:.0f})"
    yield "the same by shap's Partition, texts a second", f"{shap}, {well}"


def data_set_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """(figure, value) of a large data set."""
    rates = found["a_second"]
    said = f"{rates['whence']:.1f} a second, {found['evaluations']:.0f} evaluations each"
    yield (
        f"{found['texts']:,} texts of {found['words']} words by SHAP",
        f"{said}; stated error {found['stated_error']:.1%}",
    )
    shap = f"{rates['shap']:.2f} as documented (ratio {found['ratio']:.1f})"
    well = f"{rates['shap_batched']:.2f} batched (ratio {found['ratio_batched']:.1f})"
    yield f"the first {found['peers_texts']} by shap's Partition, texts a second", f"{shap}, {well}"


def markdown(record: Mapping[str, Any]) -> str:
    """The whole of docs/benchmarks.md."""
    versions = ", ".join(f"{name} {value}" for name, value in record["versions"].items())
    errors = record["shapley_error"]
    return "\n".join(
        (
            "# Benchmarks",
            "",
            "Written by `whence bench --docs docs`. The whole panel (integrated gradients, SHAP, LIME, attention with",
            "rollout and relevance, leave-one-out, comprehensiveness, sufficiency, AOPC, agreement) against captum's",
            "LayerIntegratedGradients with 50 steps, `shap.Explainer(pipeline)` and LimeTextExplainer with 5,000",
            "samples, each as its documentation shows it: same model, texts and threads, warmed up, in turn, medians",
            f"of {record['options']['rounds']} rounds. Batched well is what somebody makes of them who knows their",
            "cost: shap asks a function of texts, 256 at a time, and shap's and lime's equal texts go through the",
            "network once, sorted by length, in batches of 64 and, where Whence uses it, in bf16 (autocast). captum",
            "puts all its points through in one pass anyway.",
            "",
            f"Model `{record['model']}`, {record['processor']}, {record['threads']} threads; {versions}.",
            "",
            f"![Seconds of the three libraries together and of Whence, by words]({PLOT})",
            "",
            "## Time",
            "",
            *_table(TIME_HEADER, time_rows(record)),
            "",
            "## Error of Shapley values",
            "",
            "‖found − reference‖ / ‖reference‖ on the same game (same players, masked token ids, log-odds); shap's",
            "explainers with their default number of evaluations. Reference: exact values up to 14 words and where",
            f"{errors['reference_rows']:,} evaluations are all there are, beyond the mean of two runs of so many by",
            "weighted least squares, whose distance is in the last column.",
            "",
            *_table(ERROR_HEADER, error_rows(record)),
            "",
            "## Further figures",
            "",
            *_table(FIGURE_HEADER, figure_rows(record)),
            "",
        )
    )


def plot(record: Mapping[str, Any]) -> str:
    """Bars of seconds on a logarithmic scale as SVG: for each length the peers, the default and the draft."""
    from math import log10

    shown = [("peers", "#8a8f98"), ("Whence, default", "#c77700"), ("Whence, draft", "#3a7fc4")]
    floor, height, base = 0.05, 55, 250
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 310" font-family="sans-serif" font-size="13" '
        'role="img" aria-label="Seconds by words">',
        '<rect width="640" height="310" fill="#ffffff"/>',
    ]
    for position, (title, colour) in enumerate(shown):
        parts.append(f'<rect x="{20 + 150 * position}" y="12" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{38 + 150 * position}" y="23">{title}</text>')
    for group, length in enumerate(lengths(record)):
        draft, default = record["panel_draft"][length], record["panel"][length]
        values = (default["peers_s"], default["whence_s"], draft["whence_s"])
        left = 40 + 200 * group
        for bar, (value, (_, colour)) in enumerate(zip(values, shown, strict=True)):
            tall = max(2.0, height * log10(max(value, floor) / floor))
            x = left + 50 * bar
            parts.append(f'<rect x="{x}" y="{base - tall:.1f}" width="40" height="{tall:.1f}" fill="{colour}"/>')
            parts.append(f'<text x="{x + 20}" y="{base - tall - 5:.1f}" text-anchor="middle">{value:.2f} s</text>')
        parts.append(f'<text x="{left + 70}" y="{base + 20}" text-anchor="middle">{length} words</text>')
    parts.append(f'<text x="40" y="{base + 45}" fill="#555555">seconds, logarithmic scale</text></svg>')
    return "\n".join(parts) + "\n"


def write_bench_docs(record: Mapping[str, Any], folder: Path) -> None:
    """benchmarks.md and its plot below `folder`. Of a page that is there already, ELSEWHERE stays as it is."""
    (folder / PLOT).parent.mkdir(parents=True, exist_ok=True)
    page = folder / "benchmarks.md"
    _, found, kept = (page.read_text(encoding="utf-8") if page.exists() else "").partition(ELSEWHERE)
    page.write_text(f"{markdown(record)}\n{found}{kept}" if found else markdown(record), encoding="utf-8")
    (folder / PLOT).write_text(plot(record), encoding="utf-8")


def generation_markdown(record: Mapping[str, Any]) -> str:
    """LANGUAGE of docs/benchmarks.md."""
    versions = ", ".join(f"{name} {value}" for name, value in record["versions"].items())
    answers = {row["answer_tokens"] for row in record["generation"].values()}
    rounds = min(len(row["seconds"]["whence"]) for row in record["generation"].values())
    threads = "1 thread" if record["threads"] == 1 else f"{record['threads']} threads"
    return "\n".join(
        (
            LANGUAGE,
            "",
            GENERATION_PROSE.format(answers=max(answers), rounds=rounds),
            "",
            f"Model `{record['model']}`, {record['processor']}, {threads}; {versions}.",
            "",
            *_table(GENERATION_HEADER, iter(generation_rows(record))),
            "",
        )
    )


def write_generation_docs(record: Mapping[str, Any], folder: Path) -> None:
    """LANGUAGE as the last part of benchmarks.md below `folder`."""
    page = folder / "benchmarks.md"
    before = page.read_text(encoding="utf-8").partition(LANGUAGE)[0] if page.exists() else "# Benchmarks\n\n"
    page.write_text(f"{before.rstrip()}\n\n{generation_markdown(record)}", encoding="utf-8")


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    return "0" if abs(value) < 1e-6 else f"{value:.1%}"


def _table(header: Row, rows: Iterator[Row]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    yield from (f"| {' | '.join(row)} |" for row in rows)
