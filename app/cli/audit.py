"""whence audit: run a declared plan, verify a report, compare two."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ..datasets.reading.forms.decoding import lines_of
from .terminal.output import as_json, visible
from .terminal.progress import bar
from .terminal.registered import find_model

application = typer.Typer(
    help="Bias audits: from a gap between groups to the words that cause it.", no_args_is_help=True
)
Report = Annotated[Path, typer.Argument(metavar="REPORT", help="A report.json with its tables beside it.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the report is written.")]


@application.command()
def run(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="TOML or JSON; `demo` and `demo-zh` come with it.")],
    out: Out = Path("audit"),
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="In place of the plan's.")] = None,
    language: Annotated[str | None, typer.Option(help="en or zh, in place of the plan's.")] = None,
    slurs: Annotated[str | None, typer.Option(help="masked or shown, in place of the plan's.")] = None,
    pdf: Annotated[bool, typer.Option(help="Write report.pdf too, where the extra pdf is installed.")] = True,
) -> None:
    """Run an audit that was declared beforehand: report.json, report.html, report.pdf, model-card.md, tables/*."""
    from ..audit.data.plan import DEMOS, Plan, demo_plan, read_plan
    from ..audit.evidence.oracle import LocalOracle
    from ..audit.report import report as reports
    from ..audit.run.run import run as run_audit
    from ..audit.run.sources import material_of
    from ..web import paper

    found = read_plan(demo_plan(str(plan)) if str(plan) in DEMOS and not plan.exists() else plan)
    asked = {"model": model, "language": language, "slurs": slurs}
    changed = {name: value for name, value in asked.items() if value is not None}
    if changed:
        found = Plan.model_validate({**found.model_dump(), **changed})
    started, clock = datetime.now(UTC), perf_counter()
    with bar("loading") as progress:
        oracle = LocalOracle(find_model(found.model))
        material = material_of(found, folder=plan.parent, classes=oracle.facts.labels)
        _tell_of_the_file(material.source.get("file", {}))
        declared, stored = run_audit(found, material, oracle, progress)
        progress(0.97, "writing")
        facts = {"started": started.isoformat(timespec="seconds"), "seconds": round(perf_counter() - clock, 1)}
        facts |= {"finished": datetime.now(UTC).isoformat(timespec="seconds"), "by": _somebody()}
        report = reports.build(declared, stored, out, run=facts)
        files = reports.write(report, out, pdf=pdf and paper.has_pdf())
    print(reports.told(report))
    print(f"SHA-256 {report['sha256']}")
    print(f"{', '.join(files[: 3 + (pdf and paper.has_pdf())])} and tables lie in {out}")


def _somebody() -> str:
    """The name that the system knows the user by; empty where it knows none."""
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


@application.command()
def verify(
    report: Report,
    rerun: Annotated[bool, typer.Option("--rerun", help="Predict every text again, to 1e-4.")] = False,
    folder: Annotated[Path, typer.Option(metavar="DIR", help="What the plan's paths are relative to.")] = Path(),
) -> None:
    """Compute every number again from the stored tables, and refuse a mismatch."""
    from ..audit.evidence.oracle import LocalOracle
    from ..audit.run import verification
    from ..audit.run.sources import material_of

    if rerun:
        plan = verification.declared_of(verification.load(report)["content"]).plan
        oracle = LocalOracle(find_model(plan.model))
        checked = verification.rerun(report, material_of(plan, folder=folder, classes=oracle.facts.labels), oracle)
    else:
        checked = verification.verify(report)
    again = "" if checked.largest is None else f", predicted again within {checked.largest:.1e}"
    print(f"{checked.sha256}: every number follows from the {checked.rows} stored rows{again}")


@application.command()
def diff(
    before: Report,
    after: Report,
    json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Compare two audits of the same texts: paired tests, and how each gap moved."""
    from ..audit.report.content import plain
    from ..audit.run.difference import compare

    found = compare(before, after)
    if json:
        print(as_json(plain(asdict(found)), indent=True))
        return
    table = Table("measure", "group", "n", "before", "after", "+", "-", "q", "gap", "change of the gap", box=None)
    for each in sorted(found.changes, key=lambda change: (change.q or 0.0, change.metric, change.group)):
        ends = f" ({each.interval.low:+.3f} to {each.interval.high:+.3f})" if each.interval else ""
        moved = f"{each.gap_after - each.gap_before:+.3f}{ends}"
        table.add_row(
            each.metric, each.group, str(each.n), f"{each.before:.3f}", f"{each.after:.3f}", str(each.gained),
            str(each.lost), f"{each.q:.3f}" if each.q is not None else "", f"{each.gap_after:+.3f}", moved,
        )  # fmt: skip
    Console(markup=False).print(table)


@application.command()
def mask(
    terms: Annotated[Path, typer.Argument(metavar="FILE", help="One term a line; it stays outside the repository.")],
) -> None:
    """Print the hashes of terms that pages and reports mask: what app/audit/lexicons/masked.sha256 is made of."""
    from ..audit.evidence.words import digest_of

    listed = {digest_of(line) for line in lines_of(terms) if line.strip()}
    print("\n".join(sorted(listed)))


def _tell_of_the_file(facts: Mapping[str, Any]) -> None:
    for line in facts.get("notes", ()):
        print(visible(f"whence: {line}"), file=sys.stderr)
    if facts.get("bad_rows"):
        bad = facts["bad_rows"]
        left_out = "1 row could not be read and is" if bad == 1 else f"{bad:,} rows could not be read and are"
        print(f"whence: {left_out} left out", file=sys.stderr)
    for line in facts.get("listed", ()):
        print(visible(f"whence: {line}"), file=sys.stderr)
