"""Frozen records and the arrays in them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
BoolArray: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

# JSON has no NaN or Infinity: a number that does not exist is null, and a notice says why.
Array = Annotated[
    np.ndarray[Any, np.dtype[np.float64]],
    BeforeValidator(lambda v: np.asarray(v, dtype=np.float64)),
    PlainSerializer(lambda a: _finite(a.tolist()), return_type=list[Any]),
]
Ids: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return value if value is not None and np.isfinite(value) else None


class Value(BaseModel):
    """A frozen record; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
