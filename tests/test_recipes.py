"""The recipes of CONTRIBUTING, followed: each is a worked example that is made in a copy and whose test passes there.

An example lists its files under headings: a new file; lines put before, after or instead of the one line of a file that
begins so; a few words put in the place of others; or a file that a command writes. What it touches outside tests is
counted.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("app", "explainers", "templates", "static", "docs", "tests")
STEP = re.compile(
    r"^## (\S+/\S+)(?: (by|before|after|instead of|in) `(.*?)`(?: put `(.*)`)?| (at the end))?$", re.MULTILINE
)
BLOCK = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_FILES = {  # apart from tests
    "method": 5, "measure": 4, "input": 8, "output": 8, "operation": 2, "job": 4, "field": 1, "page": 3, "command": 3,
    "figure": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    path: str
    how: str  # "", by, before, after, instead of, in, at the end
    where: str
    text: str

    def follow(self, copy: Path) -> None:
        file = copy / self.path
        if self.how == "by":
            command = shlex.split(self.where)
            subprocess.run([sys.executable, *command[1:]], cwd=copy, check=True, capture_output=True)
        elif not self.how:
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, encoding="utf-8")
        else:
            file.write_text(self._changed(file.read_text(encoding="utf-8")), encoding="utf-8")

    def _changed(self, before: str) -> str:
        if self.how == "at the end":
            return before + self.text
        if self.how == "in":
            assert before.count(self.where) == 1, f"{self.path} has {self.where!r} {before.count(self.where)} times"
            return before.replace(self.where, self.text)
        lines = before.splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if line.startswith(self.where)]
        assert len(found) == 1, f"{self.path} has {len(found)} lines that begin with {self.where!r}: mend the example"
        (at,) = found
        kept = [] if self.how == "instead of" else [lines[at]]
        put = [*kept, self.text] if self.how == "after" else [self.text, *kept]
        return "".join([*lines[:at], *put, *lines[at + 1 :]])


def steps_of(name: str) -> list[Step]:
    text = (ROOT / "tests" / "recipes" / f"{name}.md").read_text(encoding="utf-8")
    headings = list(STEP.finditer(text))
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    found = []
    for heading, end in zip(headings, ends, strict=True):
        block = BLOCK.search(text, heading.end(), end)
        path, how, where, put, last = heading.groups()
        found.append(Step(path, how or last or "", where or "", put or (block.group(1) if block else "")))
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source tree, in which every recipe was followed."""
    made = tmp_path_factory.mktemp("copy")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, made)
    for name in MOST_FILES:
        for step in steps_of(name):
            step.follow(made)
    return made


def test_what_the_recipes_make_works(copy: Path) -> None:
    """The test of every one passes, in one run."""
    made = sorted(path.name for path in (copy / "tests" / "made").iterdir())
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/made"],
        cwd=copy, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert made == sorted(f"test_{name}.py" for name in MOST_FILES)
    assert ran.returncode == 0, ran.stdout[-4000:]


def test_a_recipe_touches_few_files() -> None:
    """As many as its kind of change is held to."""
    touched = {name: {s.path for s in steps_of(name) if not s.path.startswith("tests/")} for name in MOST_FILES}

    assert {name: sorted(files) for name, files in touched.items() if len(files) > MOST_FILES[name]} == {}
    assert not [path for path in touched["method"] if path.startswith("app/")]


def test_every_recipe_is_followed() -> None:
    """Each of CONTRIBUTING has its example, and names it."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Recipes")[1]
    named = re.findall(r"\*\*(.+?)\.\*\*.*?\(\[example\]\(tests/recipes/(\w+)\.md\)\)", page, re.DOTALL)
    titles = {name: (ROOT / f"tests/recipes/{name}.md").read_text(encoding="utf-8") for name in MOST_FILES}

    assert {name: f"# {title}" for title, name in named} == {n: text.partition("\n")[0] for n, text in titles.items()}
    assert len(re.findall(r"^\*\*", page, re.MULTILINE)) == len(named)
