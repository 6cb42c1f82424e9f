"""An explanation and its arrays in other forms than JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BadRequest
from ...store.arrays import pack_plain, plain_chunks, shape_of, unpack
from ..ask.schemas import ArraySlice, ExplanationOut

TENSORS = "application/vnd.safetensors"
FORMS = ("application/json", "text/html", "text/csv", TENSORS)
ARRAY_FORMS = ("application/json", TENSORS)
MOST_NUMBERS = 300_000  # as JSON; about 3 MB
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class Export:
    """A file to keep: nothing of it is shown in the place of a page of this server."""

    body: bytes
    media_type: str
    name: str
    policy: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        policy = {} if self.policy is None else {"Content-Security-Policy": self.policy}
        return {"Content-Disposition": f'attachment; filename="{self.name}"', **policy}


def export_of(found: ExplanationOut, form: str) -> Export:
    from . import export

    name = f"explanation-{found.key[:12]}"
    if form == TENSORS:
        return Export(pack_plain(_tensors(found)), form, f"{name}.safetensors")
    if form == "text/csv":
        return Export(export.to_csv(found).encode(), "text/csv; charset=utf-8", f"{name}.csv")
    return Export(export.to_html(found).encode(), "text/html; charset=utf-8", f"{name}.html", PAGE_POLICY)


def array_json(name: str, packed: bytes, *, layer: int | None, head: int | None) -> bytes:
    index = _index(packed, layer=layer, head=head)
    shape = shape_of(packed)[len(index) :]
    if int(np.prod(shape)) > MOST_NUMBERS:
        raise BadRequest(
            f"{' x '.join(map(str, shape))} numbers are too many as JSON; at most {MOST_NUMBERS}",
            cure=f"Choose ?layer= and ?head=, or send Accept: {TENSORS}.",
        )
    values = unpack(packed, index=index).astype(np.float64)
    found = ArraySlice(name=name, shape=list(shape), values=np.round(values, 6).tolist())
    return found.model_dump_json().encode()


def array_tensors(name: str, packed: bytes, *, layer: int | None, head: int | None) -> Iterator[bytes]:
    """A whole array streams as it was stored; a part is cut out."""
    index = _index(packed, layer=layer, head=head)
    return iter([pack_plain({name: unpack(packed, index=index)})]) if index else plain_chunks(packed)


def _index(packed: bytes, *, layer: int | None, head: int | None) -> tuple[int, ...]:
    if layer is None:
        if head is not None:
            raise BadRequest("head needs a layer", cure="Add ?layer=.")
        return ()
    index = (layer,) if head is None else (layer, head)
    for wanted, size, what in zip(index, shape_of(packed), ("layer", "head"), strict=False):
        if wanted >= size:
            raise BadRequest(f"{what} {wanted} does not exist; there are 0 to {size - 1}", cure=f"Change {what}.")
    return index


def _tensors(found: ExplanationOut) -> dict[str, np.ndarray[Any, Any]]:
    """Rows are found.targets, columns found.features."""
    arrays = {name: getattr(found, name) for name in ("scores", "standard_errors", "output", "baseline_output")}
    return {name: array for name, array in arrays.items() if array is not None}
