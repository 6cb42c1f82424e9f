"""The wheel, installed beside nothing of this checkout and started from another folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGEST = 16 * 2**20  # adapters, the vendored plotting library and the code


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return next(folder.glob("whence-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; its dependencies are read from where this interpreter has them."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    python = str(folder / "bin" / "python")
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True, timeout=120)
    (site_packages(folder) / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return folder


def site_packages(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def outside(environment: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(environment / "bin" / "python"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, env=_variables())


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def test_only_whence_lands_in_site_packages(environment: Path) -> None:
    """A package called app, templates or tests would shadow somebody else's."""
    found = {path.name for path in site_packages(environment).iterdir()} - {"dependencies.pth"}

    assert {name for name in found if not re.fullmatch(r"whence-[\d.]+\.dist-info", name)} == {"whence"}


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    """Templates, style sheets, languages and adapters are in; tests, data and caches are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    needed = (
        "whence/__init__.py",
        "whence/py.typed",
        "whence/templates/base.html",
        "whence/app/explain/draw/export.css",
        "whence/app/train/plans/sentiment.toml",
        "whence/app/locale/zh/LC_MESSAGES/messages.po",
        "whence/explainers/models/embedded/sentiment/adapter_model.safetensors",
        "whence/explainers/models/embedded/toxicity/card.json",
    )

    assert [name for name in needed if name not in names] == []
    assert [name for name in names if re.search(r"(^|/)tests?/|__pycache__|\.pyc$|/data/", name)] == []
    assert any(name.startswith("whence/app/store/migrations/versions/") for name in names)
    assert wheel.stat().st_size < LARGEST


def test_the_public_names_come_from_whence(environment: Path, tmp_path: Path) -> None:
    """`from whence import …` needs no checkout, loads no torch and finds the command."""
    script = (
        "import sys, whence\n"
        "from whence import Attribution, Client, Panel, Question, explain, load_model, main, panel, predict\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'app' not in sys.modules and 'explainers' not in sys.modules\n"
        "print(whence.__file__, explain.__module__, Client.__module__, whence.__version__)"
    )
    found = outside(environment, "-c", script, cwd=tmp_path)

    assert found.stderr == ""
    file, *modules, version = found.stdout.split()
    assert Path(file).is_relative_to(environment)
    assert modules == ["whence.explainers.library", "whence.app.client"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)


@pytest.fixture(scope="module")
def served(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that the installed command started from a folder of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    command = [str(environment / "bin" / "whence"), "serve", "--port", "0", "--data", str(folder / "data")]
    log = (folder / "log").open("w+", encoding="utf-8")
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=_variables())
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        log.seek(0)
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, f"{line}{log.read()}"
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)
        log.close()


def get(address: str) -> tuple[int, str, str]:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.status, answer.headers.get_content_type(), answer.read().decode("utf-8")


def test_the_installed_server_shows_its_first_page_and_a_style_sheet(served: str) -> None:
    """Templates and static files are found beside the code, wherever it was started."""
    status, kind, page = get(f"{served}/")
    sheet = re.search(r'href="(/static/[^"]+\.css[^"]*)"', page)

    assert (status, kind) == (200, "text/html")
    assert sheet is not None
    assert get(served + sheet[1])[:2] == (200, "text/css")


def test_the_installed_server_lists_its_methods(served: str) -> None:
    """The REST interface is there too."""
    status, kind, body = get(f"{served}/v1/explainers")

    assert (status, kind) == (200, "application/json")
    assert '"shap"' in body
