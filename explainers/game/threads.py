"""Matrices of a few hundred rows on one thread.

They gain nothing from more, and the threads that OpenBLAS wakes for them then wait for work for a tenth of a second,
each on a processor that the model's next pass needs: measured, that pass took twice as long.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


def on_one_thread(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """For functions that multiply or solve with numpy and scipy and run no model."""

    @wraps(function)
    def alone(*args: Given.args, **kwargs: Given.kwargs) -> Found:
        with _libraries().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return alone


@cache
def _libraries() -> Any:
    """A controller of the threaded libraries that are loaded by now, scipy's among them."""
    from scipy import linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
