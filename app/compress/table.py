"""The table of docs/compression.md: every embedded plan on the embedded sentiment model, compared with it.

python -m app.compress.table --learn TRAIN.csv --judge DEV.csv [--twin FOLDER]
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

from .._library import explainers
from ..audit.evidence.oracle import LocalOracle
from ..changes.change import Options, Side, change
from ..changes.material import read_texts
from ..changes.schemas import ChangeOut, EstimateOut
from ..web.formatting import number, percent, signed
from .plan import embedded_plans, find_plan, read_plan
from .service import compress
from .texts import read_texts as read_learned

PAGE = Path(__file__).parent.parent.parent / "docs" / "compression.md"
BEGIN, END = "<!-- table:begin -->", "<!-- table:end -->"
HEAD = (
    "| plan | steps | MB | time, times | accuracy | difference, points | flips | τ | top five | reasons |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)
PARENT = "sentiment"


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--learn", type=Path, required=True, help="texts to measure on and to learn from")
    given.add_argument("--judge", type=Path, required=True, help="texts with labels to compare on")
    given.add_argument("--twin", help="the parent trained once more with another seed")
    given.add_argument("--plan", action="append", help="by default all embedded plans")
    given.add_argument("--texts", type=int, default=60)
    asked = given.parse_args()
    lines = [HEAD]
    for name in asked.plan or embedded_plans():
        with tempfile.TemporaryDirectory() as scratch:
            lines.append(_line(name, asked, Path(scratch) / name))
        print(lines[-1], flush=True)
    page = PAGE.read_text(encoding="utf-8")
    content = "\n".join((BEGIN, *lines, END))
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: content, page, flags=re.DOTALL), encoding="utf-8")


def _line(name: str, asked: argparse.Namespace, out: Path) -> str:
    """One plan, compressed and compared."""
    plan = read_plan(find_plan(name))
    model = explainers.load_model(PARENT)
    texts = read_learned(plan, asked.learn) if plan.needs_texts else []
    card = compress(model, plan, texts, out, data=asked.learn, tell=lambda done, note: None)
    sides = [_side(PARENT), _side(str(out)), *([_side(asked.twin)] if asked.twin else [])]
    read = read_texts(asked.judge, model.labels)
    options = Options(explained=asked.texts)
    twin = sides[2] if asked.twin else None
    found = change(sides[0], sides[1], read, twin=twin, options=options, tell=lambda done, note: None)
    return _told(name, "; ".join(step["told"] for step in card["steps"]), found)


def _side(source: str) -> Side:
    model = explainers.load_model(source)
    return Side(LocalOracle(model), explainers.bytes_of(source), explainers.weights_in_memory(model))


def _told(name: str, steps: str, found: ChangeOut) -> str:
    decisions, agreement, size = found.decisions, found.agreement, found.size
    assert decisions.after is not None
    assert decisions.difference is not None
    assert size is not None
    tau = agreement.measured.tau
    points = EstimateOut(**{end: 100 * (value or 0.0) for end, value in decisions.difference.model_dump().items()})
    cells = (
        f"`{name}`",
        steps,
        f"{number(size.after / 1e6, 1)} ({percent(size.ratio.value)})",
        number(found.milliseconds.ratio.value, 2),
        percent(decisions.after.value, 1),
        f"{signed(points.value, 1)} ({signed(points.low, 1)} to {signed(points.high, 1)})",
        percent(decisions.flip_rate.value, 1),
        f"{number(tau.value, 2)} ({number(tau.low, 2)} to {number(tau.high, 2)})",
        percent(agreement.top5),
        agreement.call,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
