"""The language of slices: which rows, as somebody writes it.

    label = positive and wrong and confidence >= 0.9
    contains "not" and words < 8 or matches "refund(ed)?"
    product = "shoes" and not tag "near-duplicate" and slice "questions"

A statement is read once into the conditions below and written back in one way (`written`), which is its name in
addresses and its key. Patterns are RE2's: they take time in proportion to the text, whatever they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Any as Anything
from typing import Literal, NoReturn, TypeAlias

from ...errors import BadRequest

LONGEST, MOST_CONDITIONS, DEEPEST, LONGEST_PATTERN = 2_000, 60, 20, 300
Comparison = Literal["<", "<=", ">", ">="]
NUMBERS = ("confidence", "words", "characters", "x", "y", "row")
NAMES = ("label", "predicted", "badge", "tag", "slice", "cluster")
TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(<=|>=|!=|[=<>()])|([^\s"()<>=!]+)|(\S))')
PLAIN = re.compile(r"[^\W\d][\w.-]*")
ENGLISH = "and", "or", "not"
CURE = 'Write conditions such as: label = positive and wrong and contains "not" and words < 8.'


@dataclass(frozen=True, slots=True)
class Is:
    """A named column has a value: field is label, predicted, badge, tag, slice, cluster, or `group:` and a column."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Compared:
    field: str
    sign: Comparison
    number: float


@dataclass(frozen=True, slots=True)
class Judged:
    right: bool


@dataclass(frozen=True, slots=True)
class Contains:
    """The text holds these words, whatever their case."""

    needle: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The text holds what an RE2 pattern describes."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Inside:
    """The row lies within a polygon on the map; corners are numbers in pairs."""

    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple[Condition, ...]


Condition: TypeAlias = Is | Compared | Judged | Contains | Matches | Inside | Not | All | Any
Textual: TypeAlias = Contains | Matches
EVERY = All(())  # every row


def read(statement: str) -> Condition:
    """Raises BadRequest, which quotes the place where the statement cannot be understood."""
    if len(statement) > LONGEST:
        raise BadRequest(f"the conditions have {len(statement):,} characters; {LONGEST:,} are allowed", cure=CURE)
    if not statement.strip():
        return EVERY
    reader = _Reader(list(_tokens(statement)))
    found = reader.any_of(0)
    if reader.left:
        reader.refuse("`and`, `or` or the end")
    return found


def written(condition: Condition) -> str:
    """The one way in which a condition is written; `read` gives the same condition back."""
    match condition:
        case Is(field, value):
            if field.startswith("group:"):
                name = field.removeprefix("group:")
                plain = name if PLAIN.fullmatch(name) and name not in RESERVED else f"group {_quoted(name)}"
                return f"{plain} = {_quoted(value)}"
            return f"{field} {_quoted(value)}" if field in ("tag", "slice") else f"{field} = {_quoted(value)}"
        case Compared(field, sign, number):
            return f"{field} {sign} {number:.15g}"
        case Judged(right):
            return "right" if right else "wrong"
        case Contains(needle):
            return f"contains {_quoted(needle)}"
        case Matches(pattern):
            return f"matches {_quoted(pattern)}"
        case Inside(corners):
            return f"inside {_quoted(' '.join(f'{x:.15g} {y:.15g}' for x, y in corners))}"
        case Not(inner):
            return f"not {_within(inner, All | Any)}"
        case All(parts):
            return " and ".join(_within(part, All | Any) for part in parts)
        case Any(parts):
            return " or ".join(_within(part, Any) for part in parts)


def conditions(condition: Condition) -> Iterator[Condition]:
    """Every condition that asks something of a row, without the joints."""
    match condition:
        case Not(inner):
            yield from conditions(inner)
        case All(parts) | Any(parts):
            for part in parts:
                yield from conditions(part)
        case _:
            yield condition


def is_textual(condition: Condition) -> bool:
    """Whether words of a text stand in it: such a condition is never part of an address."""
    return any(isinstance(each, Contains | Matches) for each in conditions(condition))


def joined(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that `and` joins; one alone is its only part."""
    return condition.parts if isinstance(condition, All) else (condition,)


def both(*parts: Condition) -> Condition:
    """Rows that fit all of them; what is true of every row is left out."""
    unique = tuple(dict.fromkeys(each for part in parts for each in joined(part)))
    return unique[0] if len(unique) == 1 else All(unique)


RESERVED = frozenset((*NUMBERS, *NAMES, *ENGLISH, "right", "wrong", "contains", "matches", "inside", "group", "all"))


@dataclass
class _Reader:
    """A descent over the words of a statement: `or` binds least, then `and`, then `not`."""

    tokens: list[str]
    at: int = 0
    count: int = 0

    @property
    def left(self) -> bool:
        return self.at < len(self.tokens)

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.left else ""

    def take(self) -> str:
        token = self.next
        self.at += 1
        return token

    def refuse(self, wanted: str) -> NoReturn:
        here = f"at {self.next[:40]!r}" if self.left else "at the end"
        raise BadRequest(f"the conditions are not understood {here}: {wanted} was expected there", cure=CURE)

    def any_of(self, depth: int) -> Condition:
        return self._joined("or", lambda: self._joined("and", lambda: self._one(depth), All), Any)

    def _joined(self, word: str, part: Callable[[], Condition], make: type[All] | type[Any]) -> Condition:
        parts = [part()]
        while self.next.lower() == word:
            self.at += 1
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        flat = [inner for each in parts for inner in (each.parts if isinstance(each, make) else (each,))]
        return make(tuple(dict.fromkeys(flat))) if len(set(flat)) > 1 else flat[0]

    def _one(self, depth: int) -> Condition:
        self.count += 1
        if depth > DEEPEST or self.count > MOST_CONDITIONS:
            raise BadRequest(
                f"over {MOST_CONDITIONS} conditions, or {DEEPEST} within each other", cure="Name a part a slice."
            )
        token = self.next
        if token.lower() == "not":
            self.at += 1
            return Not(self._one(depth + 1))
        if token == "(":  # noqa: S105 - a bracket
            self.at += 1
            found = self.any_of(depth + 1)
            if self.take() != ")":
                self.at -= 1
                self.refuse("`)`")
            return found
        return self._asked()

    def _asked(self) -> Condition:
        if not self.left:
            self.refuse("a condition")
        word = self.next
        name = word.lower()
        if name in ("right", "wrong"):
            self.at += 1
            return Judged(name == "right")
        if name in ("contains", "matches"):
            self.at += 1
            value = self._value()
            return Contains(_shown(value)) if name == "contains" else Matches(checked(value))
        if name == "inside":
            self.at += 1
            return Inside(_corners(self._value()))
        if name in NUMBERS:
            self.at += 1
            return self._compared(name)
        return self._named(name)

    def _compared(self, name: str) -> Condition:
        sign = self.take()
        if sign not in ("<", "<=", ">", ">=", "=", "!="):
            self.at -= 1
            self.refuse(f"`<`, `<=`, `>`, `>=` or `=` after {name}")
        given = self.next
        try:
            number = float(self._value())
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise BadRequest(f"{name} is compared with {given[:40]!r}, which is no number", cure=CURE)
        match sign:
            case "=":
                return All((Compared(name, ">=", number), Compared(name, "<=", number)))
            case "!=":
                return Any((Compared(name, "<", number), Compared(name, ">", number)))
            case "<" | "<=" | ">" | ">=":
                return Compared(name, sign, number)
        raise AssertionError(sign)

    def _named(self, name: str) -> Condition:
        if name in ("tag", "slice"):
            self.at += 1
            if self.next == "=":
                self.at += 1
            return Is(name, self._value())
        if name == "group":
            self.at += 1
            field = f"group:{self._value()}"
        else:
            field = name if name in NAMES else f"group:{_plain(self.tokens[self.at])}"
            self.at += 1
        sign = self.take()
        if sign not in ("=", "!="):
            self.at -= 1
            self.refuse(f"`=` or `!=` after {field.removeprefix('group:')[:40]}")
        found = Is(field, self._value())
        return found if sign == "=" else Not(found)

    def _value(self) -> str:
        token = self.next
        if not token or token in ("(", ")", "=", "<", ">", "<=", ">=", "!="):
            self.refuse("a value")
        self.at += 1
        return _plain(token)


def _tokens(statement: str) -> Iterator[str]:
    at = 0
    while at < len(statement.rstrip()):
        found = TOKEN.match(statement, at)
        if found is None or found[4]:
            raise BadRequest(f"the conditions are not understood at {statement[at : at + 40].strip()!r}", cure=CURE)
        yield next(group for group in found.groups() if group is not None)
        at = found.end()


def _plain(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL) if token.startswith('"') else token


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _within(condition: Condition, looser: type | UnionType) -> str:
    text = written(condition)
    return f"({text})" if isinstance(condition, looser) else text


def _shown(needle: str) -> str:
    if not needle.strip():
        raise BadRequest("contains has no word", cure='Write contains "word".')
    return " ".join(needle.split())


def _corners(given: str) -> tuple[tuple[float, float], ...]:
    try:
        numbers = [float(each) for each in given.replace(",", " ").split()]
    except ValueError:
        numbers = []
    if len(numbers) < 6 or len(numbers) % 2 or not all(map(math.isfinite, numbers)):
        raise BadRequest(
            f"{given[:60]!r} is no polygon", cure='Write inside "x y x y x y", with three corners or more.'
        )
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Anything:
    """The RE2 pattern. Raises re2.error."""
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def checked(pattern: str) -> str:
    """The pattern, where RE2 takes it. Raises BadRequest with its reason."""
    if len(pattern) > LONGEST_PATTERN:
        raise BadRequest(f"a pattern has at most {LONGEST_PATTERN} characters", cure="Split it with or.")
    import re2

    try:
        compiled(pattern)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        cure = "Patterns are RE2's: no look-around and no back-references."
        raise BadRequest(f"the pattern {pattern[:80]!r} is not understood: {reason}", cure=cure) from None
    return pattern
