"""The kinds of jobs, by name. Imported when a job of that kind runs, and only in the runner."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from .kinds import Kind

KINDS = {
    "audit": "..audit.kind:AuditKind",
    "batch": "..batches.kind:BatchKind",
    "dataset": "..datasets.kind:DatasetKind",
    "explanation": "..explain.kind:ExplanationKind",
    "registration": "..models.kind:RegistrationKind",
    "training": "..train.kind:TrainingKind",
}


def kind_of(name: str) -> Kind:
    module, _, attribute = KINDS[name].partition(":")
    return cast(Kind, getattr(import_module(module, __package__), attribute)())
