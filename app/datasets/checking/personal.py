"""E-mail addresses, telephone numbers and card numbers in texts: counted, and masked on request."""

from __future__ import annotations

import re
from collections.abc import Iterator

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}(?![\w-])")
CARD = re.compile(r"(?<![\d-])(?:\d[ -]?){12,18}\d(?![\d-])")
PHONE = re.compile(
    r"(?<![\w.,/-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?)?\d{2,5}(?:[ .-]?\d{2,5}){1,4}(?![\w-]|[.,/]\d)"
)
DIGITS = (8, 15)  # of a telephone number
PLAIN = 9  # of one in groups without a plus or brackets
MOBILE = re.compile(r"1[3-9]\d{9}")  # Chinese
DATE = re.compile(r"(?:19|20)\d\d[ .-]\d{1,2}[ .-]\d{1,2}|\d{1,2}[ .-]\d{1,2}[ .-](?:19|20)\d\d")
MASKS = {"email": "[e-mail]", "card": "[card]", "phone": "[phone]"}


def found_in(text: str) -> Iterator[tuple[str, int, int]]:
    """The kind and place of each, in order; what is a card number is no telephone number."""
    taken: list[tuple[str, int, int]] = [("email", *match.span()) for match in EMAIL.finditer(text)]
    taken += [("card", *match.span()) for match in CARD.finditer(text) if _luhn(match.group())]
    for match in PHONE.finditer(text):
        start, end = match.span()
        if _is_phone(match.group()) and not any(start < stop and begin < end for _, begin, stop in taken):
            taken.append(("phone", start, end))
    yield from sorted(taken, key=lambda each: each[1])


def masked(text: str) -> str:
    for kind, start, end in reversed(list(found_in(text))):
        text = text[:start] + MASKS[kind] + text[end:]
    return text


def _is_phone(written: str) -> bool:
    """Enough digits, and a sign that they are dialled: a plus, brackets, groups, or the form of a Chinese mobile."""
    digits = re.sub(r"\D", "", written)
    if not DIGITS[0] <= len(digits) <= DIGITS[1] or DATE.fullmatch(written):
        return False
    if written.startswith(("+", "(")) or MOBILE.fullmatch(digits):
        return True
    return len(digits) >= PLAIN and bool(re.search(r"\d[ .-]\d", written))


def _luhn(written: str) -> bool:
    """The check digit of card numbers (ISO/IEC 7812)."""
    digits = [int(c) for c in written if c.isdigit()]
    doubled = [d if at % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for at, d in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(doubled) % 10 == 0
