"""One JSON object a line on standard error. Texts never appear: what was asked is told by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import sys
from pathlib import Path

import structlog


def configure() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


class Fingerprint:
    """HMAC-SHA-256 of a text with a secret of this installation: equal texts are seen to be equal, and no more."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, text: str) -> str:
        return hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def fingerprint_of(data: Path) -> Fingerprint:
    """With the secret that lies in the data folder; made at the first start, readable by the owner only."""
    path = data / "secret"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Fingerprint(path.read_bytes())
    secret = secrets.token_bytes(32)
    with os.fdopen(file, "wb") as out:
        out.write(secret)
    return Fingerprint(secret)
