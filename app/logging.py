"""One JSON object a line on standard error. Texts never appear: what was asked is told by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

import structlog

from .configuration import BadConfiguration
from .errors import AppError

SECRET_BYTES = 32


def configure() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # as it is at that moment
        cache_logger_on_first_use=False,
    )


def tell_operator(error: AppError) -> None:
    """Log what a caller is not told of a fault, with its cure."""
    if error.inside:
        structlog.get_logger("storage").error(error.code, reason=error.inside)


class Fingerprint:
    """HMAC-SHA-256 of a text with a secret of this installation: equal texts are seen to be equal, and no more."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, text: str) -> str:
        return hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def fingerprint_of(data: Path) -> Fingerprint:
    """With the secret that lies in the data folder; made at the first start, readable by the owner only.

    Raises BadConfiguration for one that was cut short, with which a text could be guessed from the log.
    """
    path = data / "secret"
    if not path.exists():
        _make_secret(path)
    secret = path.read_bytes()
    if len(secret) < SECRET_BYTES:
        raise BadConfiguration(
            f"{path} has {len(secret)} bytes instead of {SECRET_BYTES}: remove it, and the next start makes a new one "
            "(fingerprints of texts in older lines of the log then have no equals)"
        )
    return Fingerprint(secret)


def _make_secret(path: Path) -> None:
    """Whole or not at all, also where the power fails; of two processes at once the first one's stays."""
    with NamedTemporaryFile(dir=path.parent) as file:  # readable by the owner only
        file.write(secrets.token_bytes(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            path.write_bytes(Path(file.name).read_bytes())
            path.chmod(0o600)
