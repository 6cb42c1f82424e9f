"""How far what words are said to do can be trusted: by the rank correlation with what was measured."""

from __future__ import annotations

import pytest

from app.audit.evidence.claims import Claim, trust


def claims(said: list[float], measured: list[float | None]) -> list[Claim]:
    """Taking a word out lowers the probability by what it is measured to do."""
    return [
        Claim(f"word {at}", "rest", 4, claim, 0.5, None, shift=None if effect is None else -effect)
        for at, (claim, effect) in enumerate(zip(said, measured, strict=True))
    ]


@pytest.mark.parametrize(
    ("measured", "level", "code"),
    [
        ([6, 5, 4, 3, 2, 1], "sound", "claims_follow"),
        ([6, 3, 5, 2, 1, 4], "rough", "claims_roughly_follow"),
        ([3, 5, 1, 6, 2, 4], "distrust", "claims_do_not_follow"),
        ([1, 2, 3, 4, 5, 6], "distrust", "claims_do_not_follow"),
        ([4, 3, 2, 1, None, None], "rough", "claims_of_few_words"),
        ([4, 3, None, None, None, None], "rough", "claims_unchecked"),
    ],
)
def test_a_badge_says_whether_claims_follow_what_was_measured(
    measured: list[float | None], level: str, code: str
) -> None:
    """A correlation near 0, as below it, is "do not trust"; few words are at most rough."""
    found = trust(claims([6, 5, 4, 3, 2, 1], measured))

    assert (found.level, found.reasons[0].code) == (level, code)
    assert found.reasons[0].values["words"] == sum(value is not None for value in measured)
    assert found.reasons[0].text
