"""The kinds of jobs, by name: the class that does one, and the scope that one takes."""

from __future__ import annotations

from dataclasses import dataclass

from ..scopes import Scope


@dataclass(frozen=True, slots=True)
class Line:
    """implementation: loaded when a job of that kind runs, and only in the runner.

    scope: whoever may ask for such a job may stop it and try it again.
    """

    implementation: str
    scope: Scope


KINDS = {
    "audit": Line("...audit.run.kind:AuditKind", Scope.AUDIT),
    "batch": Line("...batches.kind:BatchKind", Scope.EXPLAIN),
    "dataset": Line("...datasets.kind:DatasetKind", Scope.AUDIT),
    "explanation": Line("...explain.ask.kind:ExplanationKind", Scope.EXPLAIN),
    "registration": Line("...models.kind:RegistrationKind", Scope.ADMIN),
    "training": Line("...train.kind:TrainingKind", Scope.ADMIN),
}
