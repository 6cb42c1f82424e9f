"""Long figures: `make soak`, or a part of it: `make soak ONLY="kills waiting"`. Prints a table, writes build/soak.json.

A scenario is a function of a fresh folder that returns figures; add yours to SCENARIOS.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.soak.explanations import memory, precision
from tests.soak.figures import Figure
from tests.soak.kills import killed_data_set, kills, kills_postgresql, restarts
from tests.soak.million import million, million_postgresql
from tests.soak.neighbours import neighbours
from tests.soak.overload import overload
from tests.soak.settling import settled
from tests.soak.waiting import leaving, reads, stopping, waiting

SCENARIOS: dict[str, Callable[[Path], list[Figure]]] = {
    "kills": kills,
    "kills-postgresql": kills_postgresql,
    "kills-dataset": killed_data_set,
    "restarts-postgresql": restarts,
    "waiting": waiting,
    "reads": reads,
    "stopping": stopping,
    "leaving": leaving,
    "million": million,
    "million-postgresql": million_postgresql,
    "overload": overload,
    "memory": memory,
    "settled": settled,
    "neighbours": neighbours,
    "precision": precision,
}
OUT = Path("build/soak.json")


def main(only: Sequence[str]) -> int:
    unknown = set(only) - set(SCENARIOS)
    if unknown:
        print(f"no scenario is called {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
        return 2
    report = json.loads(OUT.read_text()) if OUT.exists() else {}
    failed = 0
    for name in only or SCENARIOS:
        started = time.strftime("%Y-%m-%dT%H:%M:%S")
        with tempfile.TemporaryDirectory(prefix="whence-soak-") as folder:
            figures = SCENARIOS[name](Path(folder))
        report[name] = {"started": started, "figures": [vars(figure) | {"holds": figure.holds} for figure in figures]}
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps(report, indent=2) + "\n")
        for figure in figures:
            limit = "" if figure.limit is None else f"at most {figure.limit:g}"
            verdict = "" if figure.limit is None else "holds" if figure.holds else "FAILS"
            print(f"{name:12} {figure.name:40} {figure.value:>12.4g} {figure.unit:4} {limit:16} {verdict}", flush=True)
        failed += sum(not figure.holds for figure in figures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
