"""Audits proved on models that are really trained: `make audit-proof`, or a part: `make audit-proof ONLY=planted`."""
