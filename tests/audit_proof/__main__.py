"""Prints a table and writes build/audit-proof.json.

    python -m tests.audit_proof [planted] [decomposition] [classifiers] [chinese]

Models lie in build/audit-proof and are used again; remove the folder to train them anew. Needs ../shared/data.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.audit_proof.chinese import chinese
from tests.audit_proof.classifiers import classifiers
from tests.audit_proof.figures import Figure
from tests.audit_proof.planted import decomposition, planted_bias
from tests.audit_proof.rows import DATA, ROOT

PARTS: dict[str, Callable[[Path, Path], list[Figure]]] = {
    "planted": planted_bias,
    "decomposition": decomposition,
    "classifiers": classifiers,
    "chinese": chinese,
}
RESULT, MODELS = ROOT / "build" / "audit-proof.json", ROOT / "build" / "audit-proof"


def main(only: Sequence[str]) -> int:
    if unknown := set(only) - set(PARTS):
        print(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    if not DATA.is_dir():
        print(f"the training texts are missing: {DATA}")
        return 2
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    missed = 0
    for name in only or PARTS:
        started = time.monotonic()
        figures = PARTS[name](DATA, MODELS)
        found[name] = [asdict(figure) for figure in figures]
        RESULT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{name} ({time.monotonic() - started:.0f} s)")
        print("\n".join(figure.line for figure in figures), flush=True)
        missed += sum(figure.holds is False for figure in figures)
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.exit(main(sys.argv[1:]))
