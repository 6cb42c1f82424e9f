"""A form with one picture or recording. The file is read into memory, up to its limit, and opened by nobody but the
engine."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from .._library import explainers
from ..errors import BadRequest
from ..schemas import MOST_FILE, clean

LONGEST_NAME = 200
OF_CAPTIONS = ("caption", "contrast")  # fields of the form that become outputs


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is explained. formats: as people call them."""

    reads: type[explainers.FileInput]
    formats: str

    @property
    def cure(self) -> str:
        return f"Send multipart/form-data with one {self.formats} file in the field 'file'."

    def form(self, example: str, model: str, players: Iterable[str], baselines: Iterable[str]) -> dict[str, Any]:
        """The body of a route that takes such a file, as OpenAPI describes it."""
        fields = {
            "file": {"type": "string", "format": "binary", "description": f"{self.formats}."},
            "model": {"type": "string"},
            "method": {"type": "string", "default": "shap"},
            "players": {"type": "string", "enum": list(dict.fromkeys(["auto", *players]))},
            "baseline": {"type": "string", "enum": list(baselines)},
            "accuracy": {"type": "string", "enum": ["draft", "normal", "exact"]},
            "target": {"type": "string", "description": "The class or token to show, by index or label."},
            "caption": {"type": "string", "description": "Of a model of captions: one to explain, not its own."},
            "contrast": {"type": "string", "description": "Another caption: why not this one?"},
        }
        body = {
            "examples": {"a file": {"value": {"file": example, "model": model, "method": "shap"}}},
            "schema": {"type": "object", "required": ["file", "model"], "properties": fields},
        }
        return {"requestBody": {"required": True, "content": {"multipart/form-data": body}}}


PICTURE = FileKind(explainers.ImageInput, "PNG, JPEG or WebP")
RECORDING = FileKind(explainers.AudioInput, "WAV, FLAC, OGG or MP3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The file, its name, and the other fields of the form."""

    kind: FileKind
    content: bytes = b""
    name: str = ""
    model: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, object] | None:
        """The words of a caption that are explained; None where nothing was said of one."""
        said = {"continuation": self.fields.get("caption"), "contrast": self.fields.get("contrast")}
        named = {name: text.strip() for name, text in said.items() if text and text.strip()}
        return {"kind": "tokens", "whole": True, **named} if named else None

    @property
    def input(self) -> dict[str, str]:
        """The file as a request gives it."""
        return {
            "kind": str(self.kind.reads.model_fields["kind"].default),
            "data": base64.b64encode(self.content).decode(),
            "name": self.name,
        }


async def received(request: Request, kind: FileKind) -> Given:
    """Raises BadRequest for a form without a file, or with one that is too large."""
    known_as = kind.reads.known_as
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadRequest("this is no form with a file", cure=kind.cure)
    async with request.form(max_files=1, max_fields=20, max_part_size=10_000) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadRequest(f"no {known_as} was sent", cure=kind.cure)
        content = await file.read(MOST_FILE + 1)
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    name = clean(file.filename.replace("\\", "/").rpartition("/")[2])[:LONGEST_NAME] or f"the {known_as}"
    if len(content) > MOST_FILE:
        raise BadRequest(f"{name} is larger than a {known_as} may be, {MOST_FILE:,} bytes", cure="Make it smaller.")
    return Given(kind=kind, content=content, name=name, model=fields.get("model", ""), fields=fields)
