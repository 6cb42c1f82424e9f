"""Writes requirements/constraints.txt from the running environment: everything whence and its tests pull in.

    .venv/bin/python requirements/freeze.py

No local version labels and no addresses: torch==2.13.0 is met by the CPU build that the Makefile installs.
"""

import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
HEADER = "# Versions that were tested together. Written by requirements/freeze.py.\n"


def closure(wanted: Iterable[Requirement]) -> dict[str, str]:
    """Name to version of the requirements and of all they need on this machine."""
    found: dict[str, str] = {}
    waiting = list(wanted)
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen or (requirement.marker and not _applies(requirement)):
            continue
        seen.add(key)
        try:
            installed = distribution(requirement.name)
        except PackageNotFoundError:
            raise SystemExit(f"{requirement.name} is not installed: pip install -e . --group dev") from None
        found[key[0]] = installed.version.partition("+")[0]
        for line in installed.requires or ():
            needed = Requirement(line)
            extras = key[1] or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                needed.marker = None
                waiting.append(needed)
    return found


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    lines = [
        *project["project"]["dependencies"],
        *project["build-system"]["requires"],
        *groups["test"],
        *groups["lint"],
    ]
    versions = closure(Requirement(line) for line in lines)
    text = HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
    (ROOT / "requirements" / "constraints.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
