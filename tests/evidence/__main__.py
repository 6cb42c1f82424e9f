"""Figures that decisions about explanations rest on: `make evidence`, or a part: `make evidence ONLY="errors"`.

    python -m tests.evidence [errors] [maps] [--texts N]

Writes build/evidence.json. Needs ../shared/data. What was asked of the models is kept in build/evidence/ and not asked
again. The tests beside it hold smaller versions.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.evidence.errors import errors
from tests.evidence.maps import maps

PARTS: dict[str, Callable[..., dict[str, Any]]] = {"errors": errors, "maps": maps}
BUILD = Path(__file__).parents[2] / "build"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--texts", type=int, help="of each model, by default as many as each part says")
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    out = BUILD / "evidence.json"
    report = json.loads(out.read_text()) if out.exists() else {}
    for name in asked.only or PARTS:
        report[name] = PARTS[name](BUILD / "evidence" / name, **({"texts": asked.texts} if asked.texts else {}))
        out.parent.mkdir(exist_ok=True)
        out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(name, json.dumps(report[name], indent=1))


if __name__ == "__main__":
    main()
