"""Numbers, times and short texts as a page shows them. Signs are real minus signs; a size that rounds to 0 has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from babel.dates import format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

from .._library import explainers

MISSING, signed, number, share = (
    explainers.shown.MISSING,
    explainers.shown.signed,
    explainers.shown.number,
    explainers.shown.share,
)
MOMENTS = {"en": "d MMM y, HH:mm 'UTC'", "zh": "y年M月d日 HH:mm 'UTC'"}
SCRIPTS = (  # the first that occurs names the language of a text, for its typeface and its line breaks
    ("ja", ((0x3040, 0x30FF),)),
    ("ko", ((0xAC00, 0xD7AF), (0x1100, 0x11FF))),
    ("zh", ((0x3400, 0x9FFF), (0x20000, 0x323AF))),
    ("ar", ((0x0600, 0x06FF), (0x0750, 0x077F))),
    ("he", ((0x0590, 0x05FF),)),
    ("hi", ((0x0900, 0x097F),)),
    ("th", ((0x0E00, 0x0E7F),)),
)


def filters(language: str) -> dict[str, Callable[..., Any]]:
    """The filters of one language's environment."""
    locale = {"zh": "zh_Hans_CN"}.get(language, language)
    moment = MOMENTS.get(language, MOMENTS["en"])
    return {
        "signed": signed,
        "number": number,
        "share": share,
        "percent": percent,
        "area": area,
        "gain": gain,
        "closely": lambda pair: closely(*pair),
        "count": lambda value: format_decimal(value, locale=locale),
        "seconds": seconds,
        "ago": lambda when, now: format_timedelta(_aware(when) - now, locale=locale, add_direction=True, threshold=1.2),
        "moment": lambda when: format_datetime(_aware(when), moment, locale=locale, tzinfo=UTC),
        "lasting": lambda value: lasting(value, locale),
        "about": lambda value: about(value, locale),
        "listing": lambda names: format_list(list(names), locale=locale),
        "shorten": shorten,
        "line": line,
        "script": script,
        "short_hash": lambda digest: digest if len(digest) <= 14 else f"{digest[:6]}…{digest[-6:]}",
    }


def line(text: str) -> str:
    """On one line, whatever the text holds; what is safe to put into a page stays so."""
    return type(text)(" ").join(text.split())


def gain(found: explainers.Gain) -> str:
    """How much better than chance a map does, with half its interval where that is not 0 in the digits shown."""
    half = number((found.high - found.low) / 2)
    return signed(found.value) if float(half) == 0 else f"{signed(found.value)} ± {half}"


def closely(before: float, after: float) -> tuple[str, str]:
    """Two probabilities with as many digits as it takes to tell them apart, four at most."""
    for digits in (2, 3, 4):
        shown = (f"{before:.{digits}f}", f"{after:.{digits}f}")
        if shown[0] != shown[1] and not any(float(text) in (0, 1) for text in shown):
            return shown
    return share(before), share(after)


def fine_percent(value: float | None) -> str:
    """With a digit more below one percent, so that an error is never shown as none."""
    if value is not None and 0 < value < 0.0005:
        return "< 0.1 %"
    return percent(value, 1 if value is not None and value < 0.0095 else 0)


def percent(value: float | None, digits: int = 0) -> str:
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{number(value * 100, digits)} %"


def area(share: float) -> str:
    """A share of an area: whole percent, below ten with a digit more."""
    return percent(share, 0 if share >= 0.095 else 1)


def seconds(value: float | None) -> str:
    if value is None:
        return MISSING
    return f"{value * 1000:.0f} ms" if value < 0.0995 else f"{value:.1f} s"


def lasting(value: float | None, locale: str) -> str:
    """A length of time in the two largest of hours, minutes and seconds."""
    if value is None:
        return MISSING
    whole = max(0, round(value))
    parts = [(whole // 3600, "hour"), (whole % 3600 // 60, "minute"), (whole % 60, "second")]
    shown = [part for part in parts if part[0]][:2] or parts[2:]
    return " ".join(format_unit(n, f"duration-{unit}", length="short", locale=locale) for n, unit in shown)


def about(value: float, locale: str) -> str:
    """A length of time that is only known about, in whole tens of seconds, minutes or hours."""
    rounded = max(10, round(value / 10) * 10) if value < 100 else round(value / 60) * 60
    return str(format_timedelta(timedelta(seconds=rounded), locale=locale, threshold=1.5, format="long"))


def shorten(text: str, length: int = 60) -> str:
    """The beginning and the end of a text on one line, cut between words where there are any."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    start, end = line[: length * 2 // 3], line[-length // 4 :]
    whole = start.rpartition(" ")[0], end.partition(" ")[2]
    return f"{(whole[0] or start).rstrip()} … {(whole[1] or end).lstrip()}"


def script(text: str) -> str:
    """A language tag guessed from the script, or nothing where letters alone do not tell."""
    found = {tag for character in text for tag, ranges in SCRIPTS if any(a <= ord(character) <= b for a, b in ranges)}
    return next((tag for tag, _ in SCRIPTS if tag in found), "")


def _aware(when: datetime | str) -> datetime:
    moment = datetime.fromisoformat(when) if isinstance(when, str) else when
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
