"""Which scope a kind of job takes: whoever may ask for it may stop it and try it again."""

from __future__ import annotations

from ..access.scopes import Scope

SCOPES = {
    "audit": Scope.AUDIT,
    "batch": Scope.EXPLAIN,
    "dataset": Scope.AUDIT,
    "explanation": Scope.EXPLAIN,
    "registration": Scope.ADMIN,
    "training": Scope.ADMIN,
}
