"""Figures about data sets and trained models that the docs quote: `make workbench-figures`, with ONLY="taught" a part.

    python -m tests.workbench_figures [labels] [taught]

Writes build/workbench-figures.json. labels needs ../shared/data and the embedded models. What was computed is kept
below build/workbench-figures/ and not computed again: a run that was cut short goes on where it stood.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.workbench_figures.labels import labels
from tests.workbench_figures.taught import taught

PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {"labels": labels, "taught": taught}
BUILD = Path(__file__).parents[2] / "build"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    out = BUILD / "workbench-figures.json"
    report = json.loads(out.read_text()) if out.exists() else {}
    for name in asked.only or PARTS:
        kept = BUILD / "workbench-figures" / name
        kept.mkdir(parents=True, exist_ok=True)
        report[name] = PARTS[name](kept)
        out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(name, json.dumps(report[name], indent=1))


if __name__ == "__main__":
    main()
