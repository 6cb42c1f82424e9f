"""Origin of each variant, kept as columns beside the rows of its data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from ..audit.data.values import Ints
from ..store.datasets import columns
from ..store.datasets import rows as datasets
from .schemas import VariantsJob

PARENT, RECIPE, ASKED = "variant-parent", "variant-recipe", "variant-asked"


@dataclass(frozen=True, eq=False, slots=True)
class Origins:
    """parents, recipes (n,): the row of the origin and the number of the recipe of each variant."""

    asked: VariantsJob
    parents: Ints
    recipes: Ints


def write(session: Session, dataset: int, origins: Origins) -> None:
    run = datasets.runs(session, dataset)[0].serial
    body = origins.asked.model_dump_json().encode()
    columns.write(
        session, run,
        {
            PARENT: origins.parents.astype(np.int32), RECIPE: origins.recipes.astype(np.int16),
            ASKED: np.frombuffer(body, dtype=np.uint8),
        },
    )  # fmt: skip


def origins_of(session: Session, dataset: int) -> Origins | None:
    """None for a data set that holds no variants."""
    runs = datasets.runs(session, dataset)[:1]
    found = columns.read(session, runs[0].serial, (PARENT, RECIPE, ASKED)) if runs else {}
    if len(found) < 3:
        return None
    asked = VariantsJob.model_validate_json(found[ASKED].tobytes())
    return Origins(asked, found[PARENT].astype(np.int64), found[RECIPE].astype(np.int64))
