"""Which prompts may be loaded: the TOML file and its base lie where they may, and each is what it says. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ...errors import BadModel
from ..folders.folder import FolderReport, check_folder, locate_folder, model_id
from ..folders.gguf import is_gguf, read_header
from ..folders.wheels import TRANSLATORS, WHEELS, located
from .recipe import Recipe, read_recipe

SPEAKERS = tuple(name for name, wheel in WHEELS.items() if wheel.task == "tokens" and name not in TRANSLATORS)
BUNDLED = Path(__file__).parent / "bundled"


def bundled_prompts() -> dict[str, Path]:
    """The prompts that come with the product, by name: those whose base is installed."""
    return {path.stem: path for path, base in _bundled() if WHEELS[base].path is not None}


@cache
def _bundled() -> tuple[tuple[Path, str], ...]:
    """The files, each with the name of its base."""
    return tuple((path, read_recipe(path).base) for path in sorted(BUNDLED.glob("*.toml")))


def locate_recipe(path: str | Path, *, roots: Sequence[str | Path] | None = None) -> Path:
    """Where the file really lies. Raises BadModel unless it is one, below one of the roots."""
    given = Path(path).expanduser()
    file = locate_folder(given.parent, roots=roots) / given.name
    if not file.is_file():
        raise BadModel(f"{file} is no file: give the path of the prompt's TOML file")
    if file.is_symlink():
        return locate_recipe(file.resolve(), roots=roots)
    return file


def recipe_id(file: Path) -> str:
    """The name of the file without its end, with only letters, digits, '.', '_' and '-': it stands in addresses."""
    return model_id(file.with_suffix(""))


def check_recipe(path: str | Path, *, roots: Sequence[str | Path] | None = None) -> FolderReport:
    """Raises BadModel with the reason unless the prompt may be loaded."""
    file = locate_recipe(path, roots=roots)
    recipe = read_recipe(file)
    base = base_of(recipe, file, roots=roots)
    return FolderReport(
        path=file,
        id=recipe_id(file),
        kind="prompt",
        model_type=recipe.base,
        labels=recipe.labels,
        head="single",
        parameters=_parameters(base),
        files=(),
        config=recipe.model_dump(mode="json", by_alias=True),
    )


def base_of(recipe: Recipe, file: Path, *, roots: Sequence[str | Path] | None = None) -> str | Path:
    """The base of a prompt: the name of a model in a wheel, a folder, or a GGUF file. Raises BadModel."""
    if recipe.base in SPEAKERS:
        located(recipe.base)
        return recipe.base
    place = file.parent / Path(recipe.base).expanduser()
    if not place.exists():
        known = ", ".join(SPEAKERS)
        raise BadModel(
            f"{file.name}: base {recipe.base!r} is neither a model ({known}) nor a folder or GGUF file beside the TOML"
        )
    if is_gguf(place):
        locate_folder(place.parent, roots=roots)
        return place.resolve()
    report = check_folder(place, roots=roots)
    if report.task != "tokens" or report.two_sided:
        raise BadModel(
            f"{file.name}: base {recipe.base!r} is no language model that goes on from a text: name a decoder, "
            "such as a llama or qwen2 folder"
        )
    return report.path


def _parameters(base: str | Path) -> int:
    if isinstance(base, str):
        return read_header(located(base))
    return read_header(base) if is_gguf(base) else check_folder(base).parameters
