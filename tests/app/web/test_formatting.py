"""Numbers, times and short texts as a page shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.web import formatting


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.234, "+1.23"), (-1.5, "−1.50"), (0.001, "0.00"), (-0.001, "0.00"), (float("nan"), "–"), (None, "–")],
)
def test_a_sign_is_a_minus_and_zero_has_none(value: float | None, shown: str) -> None:
    """−0.00 would say that there is a direction."""
    assert formatting.signed(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.718, "0.72"), (0.9974, "> 0.99"), (0.9999, "> 0.999"), (1.0, "1.00"), (0.001, "< 0.01"), (0.0, "0.00")],
)
def test_a_probability_is_not_rounded_to_certainty(value: float, shown: str) -> None:
    """1.00 is shown for what is certain alone."""
    assert formatting.share(value) == shown


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (0.72, 0.02, ("0.72", "0.02")),
        (0.9983, 0.9912, ("0.998", "0.991")),
        (0.72, 0.7201, ("0.7200", "0.7201")),
        (1.0, 0.5, ("1.00", "0.50")),
    ],
)
def test_two_probabilities_are_told_apart(before: float, after: float, shown: tuple[str, str]) -> None:
    """> 0.99 → > 0.99 would say that nothing happened."""
    assert formatting.closely(before, after) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.19, "19 %"), (0.004, "0.4 %"), (0.0001, "< 0.1 %"), (0.0, "0.0 %")])
def test_an_error_is_never_shown_as_none(value: float, shown: str) -> None:
    """Below one percent with a digit more."""
    assert formatting.fine_percent(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.05, "50 ms"), (1.26, "1.3 s"), (None, "–")])
def test_seconds_have_their_unit(value: float | None, shown: str) -> None:
    """Below a tenth in milliseconds."""
    assert formatting.seconds(value) == shown


@pytest.mark.parametrize(
    ("text", "tag"), [("这部电影", "zh"), ("映画の話", "ja"), ("영화", "ko"), ("فيلم", "ar"), ("film", ""), ("😀", "")]
)
def test_the_script_of_a_text_names_its_language(text: str, tag: str) -> None:
    """Latin letters do not tell."""
    assert formatting.script(text) == tag


def test_a_long_text_is_shortened_in_the_middle_on_one_line() -> None:
    """Its end tells as much as its beginning."""
    found = formatting.shorten("a " * 50 + "\nend", 20)

    assert len(found) <= 22
    assert found.startswith("a a")
    assert found.endswith("end")


def test_times_are_told_in_the_language_of_the_page() -> None:
    """Ten minutes ago is 10分钟前."""
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert formatting.filters("en")["ago"](now - timedelta(minutes=10), now) == "10 minutes ago"
    assert formatting.filters("zh")["ago"](now - timedelta(minutes=10), now) == "10分钟前"
