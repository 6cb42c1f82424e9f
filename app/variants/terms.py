"""Names of recipes and behaviours on pages."""

from __future__ import annotations

from collections.abc import Callable

from .form import MUSTS, NAMES


def filters(translate: Callable[[str], str]) -> dict[str, Callable[[str], str]]:
    """Filters of the templates: `recipe.how|variant_kind`, `recipe.must|must_name`."""
    kinds, musts = {str(key): name for key, name in NAMES.items()}, {str(key): name for key, name in MUSTS.items()}
    return {
        "variant_kind": lambda name: translate(kinds[name]) if name in kinds else name,
        "must_name": lambda name: translate(musts[name]) if name in musts else name,
    }
