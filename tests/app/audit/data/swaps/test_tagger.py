"""The tagger is loaded only as it was tested."""

from __future__ import annotations

import pytest

from app.audit.data.swaps import tagger


def test_tokens_are_cut_out_of_the_text() -> None:
    """With their offsets, contractions apart."""
    text = "She’s seen his dog, Ann."

    assert [text[start : start + len(token)] for start, token, _ in tagger.tagged(text)] == [
        token for _, token, _ in tagger.tagged(text)
    ]
    assert tagger.tagged("") == []


def test_a_model_that_is_not_the_tested_one_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a pickle."""
    tagger._tagger.cache_clear()
    monkeypatch.setattr(tagger, "SHA256", "0" * 64)
    with pytest.raises(tagger.TaggerMissing, match="SHA-256"):
        tagger.tagged("her")
    tagger._tagger.cache_clear()
