"""A form with one picture. The file is read into memory, up to its limit, and opened by nobody but the engine."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import UploadFile

from ..errors import BadRequest
from ..schemas import MOST_PICTURE, clean

CURE = "Send multipart/form-data with one PNG, JPEG or WebP file in the field 'file'."
LONGEST_NAME = 200
OF_CAPTIONS = ("caption", "contrast")  # fields of the form that become outputs
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "examples": {"a photo": {"value": {"file": "cat.jpg", "model": "imagenet", "method": "shap"}}},
                "schema": {
                    "type": "object",
                    "required": ["file", "model"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "PNG, JPEG or WebP."},
                        "model": {"type": "string"},
                        "method": {"type": "string", "default": "shap"},
                        "players": {"type": "string", "enum": ["auto", "region", "detail", "patch"]},
                        "baseline": {"type": "string", "enum": ["blur", "mean", "noise", "zero"]},
                        "accuracy": {"type": "string", "enum": ["draft", "normal", "exact"]},
                        "target": {"type": "string", "description": "The class to show, by index or label."},
                        "caption": {"type": "string", "description": "A caption to explain, not the model's own."},
                        "contrast": {"type": "string", "description": "Another caption: why not this one?"},
                    },
                },
            }
        },
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The file, its name, and the other fields of the form."""

    content: bytes = b""
    name: str = "the picture"
    model: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, object] | None:
        """What of a caption is explained; None where nothing was said of one."""
        said = {"continuation": self.fields.get("caption"), "contrast": self.fields.get("contrast")}
        named = {name: text.strip() for name, text in said.items() if text and text.strip()}
        return {"kind": "tokens", "whole": True, **named} if named else None

    @property
    def input(self) -> dict[str, str]:
        """The picture as a request gives it."""
        return {"kind": "image", "data": base64.b64encode(self.content).decode(), "name": self.name}


async def received(request: Request) -> Given:
    """Raises BadRequest for a form without a picture, or with one that is too large."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadRequest("this is no form with a file", cure=CURE)
    async with request.form(max_files=1, max_fields=20, max_part_size=10_000) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadRequest("no picture was sent", cure=CURE)
        content = await file.read(MOST_PICTURE + 1)
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    name = clean(file.filename.replace("\\", "/").rpartition("/")[2])[:LONGEST_NAME] or "the picture"
    if len(content) > MOST_PICTURE:
        raise BadRequest(f"{name} is larger than a picture may be, {MOST_PICTURE:,} bytes", cure="Make it smaller.")
    return Given(content=content, name=name, model=fields.get("model", ""), fields=fields)
