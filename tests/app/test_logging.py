"""The log goes to standard error, wherever that leads at the moment."""

from __future__ import annotations

import io
import sys

import pytest
import structlog

from app import logging


def test_a_log_whose_stream_was_replaced_is_written_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever closes the stream that was standard error at the start, as tests and supervisors do, ends no request."""
    before, after = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    logging.configure()
    log = structlog.get_logger("test")
    log.info("first")
    monkeypatch.setattr(sys, "stderr", after)
    held = before.getvalue()
    before.close()
    log.info("second")

    assert '"event": "first"' in held
    assert '"event": "second"' in after.getvalue()
