"""Measures that ask the model anew: made where they are asked for by name, into the checks of an explanation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from ..contract import Attribution, Case, Explainer, Need
from ..errors import BadInput, Incompatible
from .naopc import naopc_of
from .perturbation import infidelity_of, max_sensitivity_of, randomisation_of

Measured: TypeAlias = dict[str, float | None]


def _naopc(attribution: Attribution, case: Case, explainer: Explainer) -> Measured:
    return naopc_of(attribution, case)


ON_DEMAND: dict[str, tuple[Callable[[Attribution, Case, Explainer], Measured], Need]] = {
    "naopc": (_naopc, Need.OUTPUTS),
    "infidelity": (infidelity_of, Need.GRADIENTS),
    "max-sensitivity": (max_sensitivity_of, Need.GRADIENTS),
    "randomisation": (randomisation_of, Need.GRADIENTS),
}


def measured(names: Sequence[str], attribution: Attribution, case: Case, explainer: Explainer) -> Measured:
    """Numbers named as in `metrics.MEASURES`. Raises BadInput, Incompatible."""
    refuse_unknown(names)
    found: Measured = {}
    for name in dict.fromkeys(names):
        measure, need = ON_DEMAND[name]
        if need not in case.model.offers:
            raise Incompatible(f"{name} needs {need}, which {case.model.id} does not offer; leave it out")
        found |= measure(attribution, case, explainer)
    return found


def on_demand_of(offers: Collection[str]) -> tuple[str, ...]:
    """The measures that can be asked of a model that offers so much."""
    return tuple(name for name, (_, need) in ON_DEMAND.items() if need in offers)


def refuse_unknown(names: Sequence[str]) -> None:
    """Raises BadInput that lists the measures there are."""
    if unknown := [name for name in names if name not in ON_DEMAND]:
        raise BadInput(f"no measure on demand is called {unknown[0]!r}; there are {', '.join(ON_DEMAND)}")
