"""The kinds of jobs, by name: what a page calls one, the class that does it, and the scope that it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..scopes import Scope
from ..web.words import N_


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of job.

    title: as the pages call it. implementation: loaded when a job of that kind runs, and only in the runner.
    scope: whoever may ask for such a job may stop it and try it again.
    """

    title: str
    implementation: str
    scope: Scope


KINDS = {
    "audit": Line(N_("Audit"), "...audit.run.kind:AuditKind", Scope.AUDIT),
    "batch": Line(N_("Many texts"), "...batches.kind:BatchKind", Scope.EXPLAIN),
    "change": Line(N_("Comparison of models"), "...changes.kind:ChangeKind", Scope.AUDIT),
    "check": Line(N_("Check of a contract"), "...contracts.kind:CheckKind", Scope.AUDIT),
    "dataset": Line(N_("Data set"), "...workbench.kind:WorkbenchKind", Scope.AUDIT),
    "explanation": Line(N_("Explanation"), "...explain.ask.kind:ExplanationKind", Scope.EXPLAIN),
    "meaning": Line(N_("Vectors of meaning"), "...nearby.kind:MeaningKind", Scope.AUDIT),
    "registration": Line(N_("New model"), "...models.kind:RegistrationKind", Scope.ADMIN),
    "taught": Line(N_("Taught by"), "...taught.kind:TaughtKind", Scope.AUDIT),
    "variants": Line(N_("Variants"), "...variants.kind:VariantsKind", Scope.AUDIT),
    "training": Line(N_("Training"), "...train.kind:TrainingKind", Scope.ADMIN),
}


def filters(translate: Callable[[str], str]) -> dict[str, Callable[[str], str]]:
    """Filters that templates call: `job.kind|job_kind`."""
    return {"job_kind": lambda name: translate(KINDS[name].title) if name in KINDS else name}
