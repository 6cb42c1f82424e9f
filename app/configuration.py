"""Where settings come from, the strongest first: command line, environment, files of secrets, one TOML file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsError

PREFIX = "WHENCE_"
CONFIG = f"{PREFIX}CONFIG"
NAME = "whence.toml"


class BadConfiguration(ValueError):
    """The message names the file and what is wrong with it."""


def default_data() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "whence"


def decoded(name: str, field: FieldInfo, written: str) -> Any:
    """A list or table as a variable holds it: JSON, or the values of a list with commas between them.

    Raises BadConfiguration for what is neither.
    """
    text = written.strip()
    is_list = get_origin(field.annotation) is tuple
    if is_list and text[:1] not in ("[", "{", '"'):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return json.loads(text)
    except ValueError as error:
        form = """'["first", "second"]' or first,second""" if is_list else """'{"name": "value"}'"""
        raise BadConfiguration(f"{PREFIX}{name.upper()} is not JSON: {error}; write {form}") from error


class Environment(EnvSettingsSource):
    """WHENCE_PORT=8000: one variable a setting."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        return decoded(field_name, field, value)

    def __call__(self) -> dict[str, Any]:
        try:
            return super().__call__()
        except SettingsError as error:  # around the error of `decoded`
            raise BadConfiguration(str(error.__cause__ or error)) from error


class SecretFiles(PydanticBaseSettingsSource):
    """WHENCE_DATABASE_FILE=/run/secrets/url: the value is what the file holds, so that it is in no environment."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None or f"{field_name}_file" in self.settings_cls.model_fields:  # a setting of that very name
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfiguration(f"{PREFIX}{field_name.upper()}_FILE: {path} cannot be read: {error}") from error

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = decoded(name, field, value) if self.field_is_complex(field) else value
        return found


class OneFile(PydanticBaseSettingsSource):
    """whence.toml of the data folder, or the file that --config or WHENCE_CONFIG names."""

    def __init__(self, settings_cls: type[BaseSettings], given: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self.given = given

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        if set(self.settings_cls.model_fields) <= set(self.given):  # a child process is told everything
            return {}
        path = file_of(self.given)
        return {} if path is None else read(path, self.settings_cls.model_fields)


def file_of(given: Mapping[str, Any]) -> Path | None:
    """None where there is none. One that was named has to be there."""
    if named := os.environ.get(CONFIG):
        return Path(named).expanduser()
    data = given.get("data") or os.environ.get(f"{PREFIX}DATA") or default_data()
    path = Path(data).expanduser() / NAME
    return path if path.is_file() else None


def read(path: Path, known: Collection[str]) -> dict[str, Any]:
    """The settings in a file. Raises BadConfiguration if it is missing, is no TOML, or names unknown settings."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfiguration(f"the configuration {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"the configuration {path} is not TOML: {error}") from error
    if unknown := sorted(set(found) - set(known)):
        raise BadConfiguration(
            f"the configuration {path} names {unknown[0]!r}, which is no setting; `whence config` lists them"
        )
    return found


def origins(given: Mapping[str, Any], known: Collection[str]) -> dict[str, str]:
    """Where the value of each known setting comes from."""
    environment = {name.upper() for name in os.environ}
    path = file_of(given)
    written = {} if path is None else read(path, known)

    def origin(name: str) -> str:
        variable = f"{PREFIX}{name.upper()}"
        if name in given:
            return "command line"
        if variable in environment:
            return f"environment ({variable})"
        if f"{variable}_FILE" in environment and f"{name}_file" not in known:
            return f"file ({variable}_FILE)"
        return f"file ({path})" if name in written else "default"

    return {name: origin(name) for name in known}


def unused(known: Collection[str]) -> list[str]:
    """Variables that look like settings and are none: a typing mistake changes nothing silently."""
    names = {f"{PREFIX}{name.upper()}" for name in known}
    variables = names | {f"{name}_FILE" for name in names} | {CONFIG}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name.upper() not in variables)
