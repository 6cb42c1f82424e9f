"""Where a browser finds this server: at the root of its host, or below a path of the proxy in front.

Inside, every address begins at the root: routes, templates, links in what jobs found. The path is taken off a request
at one door (guard/below.py) and put before what leaves: in pages, `Location`, cookies and links in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

ATTRIBUTES = (
    "href", "src", "action", "formaction", "data-job", "data-charts", "data-copy", "data-overview", "data-array",
    "data-predictions", "data-generate", "data-plan", "data-pictures", "data-recordings", "data-sound",
    "data-absent",
)  # fmt: skip
IN_PAGE = re.compile(rf'(?<=\s)((?:{"|".join(ATTRIBUTES)})=")/(?!/)')  # what users wrote has no bare quotation mark
_ROOT: ContextVar[str] = ContextVar("root", default="")


@contextmanager
def below(root: str) -> Iterator[None]:
    """For the time of a request: the path below which its sender sees the server, "" for none."""
    before = _ROOT.set(root)
    try:
        yield
    finally:
        _ROOT.reset(before)


def root() -> str:
    """The path below which the sender of this request sees the server; "" at the root of the host."""
    return _ROOT.get()


def outward(address: str) -> str:
    """An address of this server as a browser has to ask for it; any other stays as it is."""
    return root() + address if address.startswith("/") and not address.startswith("//") else address


def in_page(html: str) -> str:
    """A page whose addresses are what a browser has to ask for."""
    return IN_PAGE.sub(lambda found: f"{found[1]}{root()}/", html) if root() else html


def in_links(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The result of a job, with the addresses in its `links` as a caller has to ask for them."""
    if found is None:
        return None
    links = found.get("links")
    if not root() or not isinstance(links, Mapping):
        return dict(found)
    return dict(found) | {"links": {name: outward(str(address)) for name, address in links.items()}}
