"""The address of a data set: a hash of the file and of how it was asked to be read."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import rfc8785

from .reading.schemas import Form, Mapping

SCHEMA = 2  # raised when the same file would be read in another way
LONGEST_NAME = 120


def dataset_id(digest: str, form: Form, mapping: Mapping | None) -> str:
    asked = None if mapping is None else mapping.model_dump(mode="json")
    parts: dict[str, Any] = {"schema": SCHEMA, "kind": "dataset", "file": digest, "form": form, "mapping": asked}
    return hashlib.sha256(rfc8785.dumps(parts)).hexdigest()


def name_of(given: str) -> str:
    """The name of a file: without folders and without characters that cannot be seen."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]", "", given)
    return plain.replace("\\", "/").rpartition("/")[2].strip()[:LONGEST_NAME] or "data set"
