"""The door of a server that lies below a path: takes the path off a request, whether or not the proxy has done so."""

from __future__ import annotations

from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.types import Scope

from ..errors import AppError
from ..settings import Settings, root_path_of

PREFIX = "X-Forwarded-Prefix"


class BadPrefix(AppError):
    status = 400
    code = "bad_prefix"
    cure = f"Let the proxy send {PREFIX} once, with a path such as /tools/whence, or not at all."


def enter(scope: Scope, settings: Settings) -> str:
    """The path below which the sender sees this server; from here on the address in the scope begins at the root."""
    try:
        root = _named(scope, settings)
    except ValueError:  # refused by refuse_bad_prefix, where errors are answered
        root = None
    root = settings.root_path if root is None else root
    path = scope["path"]
    if root and (path == root or path.startswith(f"{root}/")) and not _is_own(scope, root):
        scope["path"] = path[len(root) :] or "/"
    return root


def refuse_bad_prefix(scope: Scope, settings: Settings) -> None:
    """Raises BadPrefix."""
    try:
        _named(scope, settings)
    except ValueError as error:
        raise BadPrefix(f"{PREFIX}: {error}") from error


def _named(scope: Scope, settings: Settings) -> str | None:
    """The prefix that a trusted proxy names, if any. Anybody else could send a browser elsewhere with it."""
    said = Headers(scope=scope).getlist(PREFIX)
    peer = scope["client"][0] if scope.get("client") else None
    if not said or not settings.trusts(peer):
        return None
    if len(said) > 1:
        raise ValueError(f"it was sent {len(said)} times; once is allowed")
    return root_path_of(said[0])


def _is_own(scope: Scope, root: str) -> bool:
    """Whether pages of Whence's own begin like that (/models): then the proxy must have taken it off."""
    first = root.split("/")[1]
    return any(str(route.path).split("/")[1:2] == [first] for route in iter_route_contexts(scope["app"].routes))
