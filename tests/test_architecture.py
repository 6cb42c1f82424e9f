"""The arrows between the packages: pages and api → service → explainers, and nothing heavy in the web process."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import explainers

ROOT = Path(__file__).parent.parent
APP, LIBRARY = ROOT / "app", ROOT / "explainers"
HEAVY = ("torch", "shap", "captum", "lime", "transformers", "peft", "pandas", "pyarrow", "sklearn")
OUTERMOST = re.compile(r"(\w+_)?pages\.py|api\.py")  # the files of a feature that speak HTTP
DOORS = ("_library.py", "_launch.py")
STORED_VALUES = (
    "app.store.arrays",
    "app.store.files",
    "app.store.job_states",
    "app.store.job_condition",
)  # and no query


@cache
def sources(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*.py") if "__pycache__" not in p.parts)


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file, which every test of this module reads."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def imports(path: Path, *, anywhere: bool = True) -> tuple[str, ...]:
    """The full names of the modules a file imports; with anywhere=False, only those it imports when it is imported."""
    return tuple(_imports(path, anywhere=anywhere))


def _imports(path: Path, *, anywhere: bool) -> Iterator[str]:
    package = list(path.relative_to(ROOT).parts[:-1])
    for node in _nodes(tree(path), anywhere=anywhere):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _nodes(node: ast.AST, *, anywhere: bool) -> Iterator[ast.AST]:
    """Every statement, without what only a type checker reads; without function bodies unless anywhere."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not anywhere:
            continue
        yield child
        yield from _nodes(child, anywhere=anywhere)


def reaches(imported: str, *packages: str) -> bool:
    return any(imported == package or imported.startswith(f"{package}.") for package in packages)


def offenders(paths: Iterable[Path], wrong: Callable[[str], bool], *, anywhere: bool = True) -> dict[str, list[str]]:
    """Files that import what they must not, with what it is."""
    found = {name_of(path): [name for name in imports(path, anywhere=anywhere) if wrong(name)] for path in paths}
    return {name: imported for name, imported in found.items() if imported}


ROOMY = (LIBRARY, APP)  # packages in which no folder holds more files than one can overlook, and imports point one way
MOST_FILES = 15


@pytest.mark.parametrize("package", ROOMY, ids=name_of)
def test_no_folder_holds_too_many_files(package: Path) -> None:
    """A folder can be read whole: at most fifteen files, its __init__.py apart."""
    folders = {path.parent for path in sources(package)}
    full = {name_of(folder): count for folder in folders if (count := len(_modules(folder))) > MOST_FILES}

    assert full == {}


@pytest.mark.parametrize("package", ROOMY, ids=name_of)
def test_folders_point_one_way(package: Path) -> None:
    """Within every folder the files and folders in it import each other in one direction: there is no circle."""
    folders = sorted({path.parent for path in sources(package)})
    circles = {name_of(folder): found for folder in folders if (found := _circle(_arrows(folder)))}

    assert circles == {}


def test_a_circle_of_folders_is_found() -> None:
    """What holds the folders apart would notice if it failed."""
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c"]
    assert _circle({"a": {"b", "c"}, "b": {"c"}}) == []


def _modules(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.py") if path.name != "__init__.py"]


def _arrows(folder: Path) -> dict[str, set[str]]:
    """Which children of the folder import which others; a child is a file or everything in a folder below.

    Its __init__.py is the door that lists what is inside, and no child.
    """
    name = ".".join(folder.relative_to(ROOT).parts) + "."
    arrows: dict[str, set[str]] = {}
    for path in sources(folder):
        child = path.relative_to(folder).parts[0].removesuffix(".py")
        if child == "__init__":
            continue
        within = [imported.removeprefix(name).split(".")[0] for imported in imports(path) if imported.startswith(name)]
        known = {other for other in within if (folder / other).is_dir() or (folder / f"{other}.py").is_file()}
        arrows.setdefault(child, set()).update(known - {child})
    return arrows


def _circle(arrows: dict[str, set[str]]) -> list[str]:
    """What is left when all that imports nothing more is taken away again and again."""
    left = {child: set(others) for child, others in arrows.items()}
    while ready := [child for child, others in left.items() if not others & left.keys()]:
        for child in ready:
            del left[child]
    return sorted(left)


def test_the_library_knows_nothing_of_the_application() -> None:
    """A notebook or another server can use explainers alone."""
    strangers = ("app", "fastapi", "starlette", "jinja2", "sqlalchemy")
    chats = LIBRARY / "inputs" / "prompt" / "template.py"  # a chat template is one of jinja2, whoever renders it
    others = [path for path in sources(LIBRARY) if path != chats]

    assert offenders(others, lambda name: reaches(name, *strangers)) == {}
    assert offenders([chats], lambda name: reaches(name, "app", "fastapi", "starlette", "sqlalchemy")) == {}


def test_the_application_reaches_the_library_through_one_door() -> None:
    """The wheel puts both below whence, so a plain `import explainers` would fail there."""
    inside = [path for path in sources(APP) if path.name not in DOORS]
    absolute = [name_of(path) for path in inside if any(map(_absolute_app_import, ast.walk(tree(path))))]

    assert offenders(inside, lambda name: reaches(name, "explainers")) == {}
    assert absolute == []


def _absolute_app_import(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and not node.level and reaches(node.module or "", "app")


def test_the_application_uses_public_names_only() -> None:
    """What the application may use is what `explainers/__init__.py` lists."""
    private = {
        name_of(path): found
        for path in sources(APP)
        if path.name not in DOORS and (found := _names_of_the_library(path) - set(explainers.__all__))
    }

    assert private == {}


def _names_of_the_library(path: Path) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "explainers"
    }


def test_only_the_outermost_files_speak_http() -> None:
    """A service can be called by a command, a job or a test without a request."""
    inner = [
        path
        for path in sources(APP)
        if path.parent not in (APP, APP / "web", APP / "guard") and not OUTERMOST.fullmatch(path.name)
    ]

    assert offenders(inner, lambda name: reaches(name, "fastapi", "starlette")) == {}


def test_the_reader_of_files_knows_no_database_and_no_engine() -> None:
    """Data sets, the command line, training and audits read with it."""
    ground = ("app.datasets.reading", "app.errors", "app.schemas", "app.web.words")

    def far(name: str) -> bool:
        return name != "app" and reaches(name, "app", "explainers") and not reaches(name, *ground)

    assert offenders(sources(APP / "datasets" / "reading"), far) == {}


def test_services_do_not_know_who_calls_them() -> None:
    """Arrows point one way: pages and api call a service, never the other way round."""
    services = [path for path in sources(APP) if path.name == "service.py"]

    assert services
    assert offenders(services, lambda name: bool(OUTERMOST.fullmatch(name.rpartition(".")[2] + ".py"))) == {}


def test_routes_hold_no_query_and_no_model() -> None:
    """A route parses, calls a service and answers; tables and models are the service's business."""
    routes = [path for path in sources(APP) if OUTERMOST.fullmatch(path.name)]

    def deep(name: str) -> bool:
        return reaches(name, "sqlalchemy", "app.store", *HEAVY) and not reaches(name, *STORED_VALUES)

    assert routes
    assert offenders(routes, deep) == {}


def test_methods_import_heavy_libraries_when_they_run() -> None:
    """The option schemas of all methods are read in the web process, which has no torch."""
    light = [path for path in sources(LIBRARY) if "models" not in path.relative_to(LIBRARY).parts]

    assert offenders(light, lambda name: reaches(name, *HEAVY), anywhere=False) == {}


PRIVATE_TORCH = re.compile(r"torch\.(_|ops\b)|torch\.\w+\._|from torch\b.* import _")


def test_what_torch_keeps_to_itself_is_asked_for_in_one_place() -> None:
    """So that a version of torch without it is a slower one and no fault."""
    mentioned = [path for path in sources(LIBRARY) + sources(APP) if PRIVATE_TORCH.search(path.read_text("utf-8"))]
    using = [name_of(path) for path in mentioned if PRIVATE_TORCH.search(_code(path))]

    assert using == ["explainers/models/networks/products.py"]


def _code(path: Path) -> str:
    """The file without its comments."""
    return ast.unparse(tree(path))


def test_an_offender_is_found() -> None:
    """What holds the arrows would notice if it failed."""
    here = Path(__file__)

    assert offenders([here], lambda name: name == "pytest") == {name_of(here): ["pytest"]}


LIGHT = ("explainers", "explainers.runner", "app.client", "app.main", "app.cli")


def test_importing_loads_nothing_heavy() -> None:
    """The web process answers within seconds and stays small because torch is not in it: neither its modules bring it,
    nor the options of all methods, of which the pages draw forms."""
    script = (
        "import importlib, sys\n"
        "def told(place):\n"
        f"    print(*[place + ' loads ' + name for name in {HEAVY} if name in sys.modules], sep='\\n', end='')\n"
        f"for module in {LIGHT}: importlib.import_module(module); told(module)\n"
        "import explainers\n"
        "for name in explainers.names(): explainers.explainer_class(name).model_json_schema(); told(name)\n"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout == ""


NOUNLESS = re.compile(r"(what|of|those|the same|as)\b", re.IGNORECASE)


def test_a_docstring_names_its_noun() -> None:
    """A reader who has not seen the code understands it: a sentence with a verb, or a phrase with a noun of its own."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    vague = [
        f"{name_of(path)}: {text.splitlines()[0]}"
        for path in sources(APP) + sources(LIBRARY)
        for node in ast.walk(tree(path))
        if isinstance(node, documented) and (text := ast.get_docstring(node)) and NOUNLESS.match(text)
    ]

    assert vague == []


def test_the_contract_is_documented_in_full() -> None:
    """Every public class, function and method of it: who writes a method or a model reads nothing else."""
    bare = []
    for path in sources(LIBRARY / "contract"):
        for node in tree(path).body:
            members = node.body if isinstance(node, ast.ClassDef) else []
            for each in (node, *members):
                public = isinstance(each, ast.ClassDef | ast.FunctionDef) and not each.name.startswith("_")
                if public and not ast.get_docstring(each):  # type: ignore[arg-type]
                    bare.append(f"{name_of(path)}: {each.name}")  # type: ignore[attr-defined]

    assert bare == []


UNTYPED = re.compile(r"\bmodel: Any\b|\bgetattr\(model,")


def test_a_model_is_one_of_the_contract() -> None:
    """`Model` declares all that is used of it; networks that transformers trains are no models of it."""
    training = APP / "train" / "loop.py"
    untyped = [path for path in sources(APP) + sources(LIBRARY) if UNTYPED.search(path.read_text("utf-8"))]

    assert untyped == [training]


WIDEST = 160  # characters


def test_lines_of_templates_are_short_enough_for_a_diff() -> None:
    """A page is read, reviewed and translated line by line."""
    files = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    long = [
        f"{name_of(path)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > WIDEST
    ]

    assert files
    assert long == []


def test_every_public_name_of_the_library_is_there() -> None:
    """Names load on demand, so a wrong line in the list would show only when somebody asks."""
    missing = [name for name in explainers.__all__ if not hasattr(explainers, name)]

    assert missing == []


def test_the_checker_and_the_interpreter_see_the_same_public_names() -> None:
    """The list is written twice: as imports for type checkers and as a table for the interpreter."""
    body = tree(LIBRARY / "__init__.py").body
    block = next(n for n in body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    imported = {a.asname for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names if a.asname}

    assert imported == set(explainers.__all__)
