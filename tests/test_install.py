"""What a fresh machine goes through: constraints, make, the image of the container."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def constraints() -> dict[str, str]:
    lines = (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_constraints_name_versions_and_no_places() -> None:
    """A file path or a host of the machine that wrote them would break every other one."""
    text = (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8")

    assert re.fullmatch(r"#[^\n]*\n(?:[a-z0-9.-]+==[0-9][\w.]*\n)+", text)
    assert constraints()["torch"] == "2.13.0"
    assert not [name for name in constraints() if name.startswith(("nvidia", "cuda", "triton"))]


def test_every_dependency_has_a_lower_bound_and_a_tested_version() -> None:
    """The bounds are what works, the constraints what was tested; the one lies within the other."""
    found = project()
    groups = found["dependency-groups"]
    wanted = [Requirement(line) for line in (*found["project"]["dependencies"], *groups["test"], *groups["lint"])]
    tested = constraints()

    assert [r.name for r in wanted if not r.specifier.contains(tested[canonicalize_name(r.name)])] == []
    assert [r.name for r in wanted if {s.operator for s in r.specifier} != {">="}] == []


def test_this_environment_is_the_tested_one() -> None:
    """Figures and thresholds in the tests belong to these versions."""
    names = ("torch", "transformers", "shap", "lime", "captum", "fastapi", "pydantic")

    assert {n: version(n).partition("+")[0] for n in names} == {n: constraints()[n] for n in names}


def make(*arguments: str) -> str:
    found = subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return found.stdout


def test_the_targets_describe_themselves() -> None:
    """`make` alone lists what there is, demo and test among them."""
    listed = re.findall(r"^([a-z-]+) {2,}\S", make(), re.MULTILINE)
    there = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert listed == there
    assert {"demo", "test"} <= set(listed)


def test_the_cpu_build_is_installed_before_anything_can_pull_another(tmp_path: Path) -> None:
    """On Linux PyPI's torch brings gigabytes of CUDA, so it must not be the one that pip finds first."""
    plan = make("--dry-run", "demo", f"VENV={tmp_path / 'venv'}")

    assert plan.index("torch==2.13.0+cpu") < plan.index("-e '.")
    assert plan.index("-e '.") < plan.index("whence serve")


def test_a_second_run_installs_nothing(tmp_path: Path) -> None:
    """Stamps in the environment are newer than what they stand for."""
    environment = tmp_path / "venv"
    (environment / "bin").mkdir(parents=True)
    for name in ("bin/python", ".torch", ".installed", ".models", ".tested"):
        (environment / name).touch()

    assert "pip" not in make("--dry-run", "check-suite", f"VENV={environment}")


def test_the_container_runs_as_nobody_special() -> None:
    """A user of its own, a health check, two stages, no floating base image."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)

    assert stages == ["python:3.11-slim", "python:3.11-slim"]
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001"]
    assert "\nHEALTHCHECK " in text
    assert text.index("\nUSER 10001") < text.index('\nCMD ["whence"')
