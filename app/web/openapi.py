"""The OpenAPI document: as the framework writes it, with the problem document for every error."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from . import addresses
from .problems import Problem


def describe(app: FastAPI) -> None:
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document["components"]["schemas"]
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            _without_foreign_errors(document)
        return document | ({"servers": [{"url": root}]} if (root := addresses.root()) else {})

    app.openapi = openapi  # type: ignore[method-assign]


def _without_foreign_errors(document: dict[str, Any]) -> None:
    """The framework declares a 422 of its own shape wherever there is a parameter; no route answers it."""
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    for methods in document["paths"].values():
        for operation in methods.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]
