"""Chat templates, rendered in a sandbox: a template comes with a model's folder and is somebody else's program.

It sees the messages and nothing else: no tools, no documents, no clock, no other template. Its steps, its output and
whatever it builds on the way are bounded, so that a loop of a thousand million rounds is an error and not a hang.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Any

from jinja2 import Template, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from ...errors import BadInput, BadModel

LONGEST_TEMPLATE = 2**17  # characters
MOST_STEPS = 200_000  # lines of the compiled template
LONGEST = 2**22  # characters of anything that it builds
MOST_NUMBER = 10**9
FILTERS = frozenset(
    {
        "capitalize", "count", "default", "d", "first", "float", "int", "items", "last", "length", "list", "lower",
        "map", "max", "min", "reject", "rejectattr", "reverse", "safe", "select", "selectattr", "sort", "string",
        "title", "trim", "unique", "upper",
    }
)  # fmt: skip
TEXT_METHODS = frozenset(
    {
        "capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower", "isspace",
        "istitle", "isupper", "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rstrip",
        "rsplit", "split", "splitlines", "startswith", "strip", "title", "upper",
    }
)  # fmt: skip
NAME = "<chat template>"
WHERE = (NAME, "sandbox.py", "runtime.py")  # whose lines are steps
MAPPING_METHODS = ("get", "items", "keys", "values")
REFUSED = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class TooMuch(Exception):
    """The template went past a bound."""


class _Generation(Extension):
    """`{% generation %}` marks what the assistant said, for training; its content stands as it is."""

    tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Plain values, few methods, bounded sums and products."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str):
            return attr in TEXT_METHODS
        if isinstance(obj, Mapping):
            return attr in MAPPING_METHODS
        return not isinstance(obj, list | tuple) and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Sums of texts or lists, and arithmetic of small numbers."""
        if operator == "+" and _sized(left) and _sized(right):
            return left + right if len(left) + len(right) <= LONGEST else _too_long()
        if isinstance(left, int | float) and isinstance(right, int | float) and operator != "**":
            found = super().call_binop(context, operator, left, right)
            return found if abs(found) <= MOST_NUMBER else _too_long()
        raise TooMuch(f"it uses {operator} on a {type(left).__name__}, which no chat template needs")

    def call(self, context: Any, callee: Any, *given: Any, **named: Any) -> Any:
        if getattr(callee, "__name__", "") == "replace" and isinstance(getattr(callee, "__self__", None), str):
            _bounded_replace(callee.__self__, *map(str, given))
        return super().call(context, callee, *given, **named)


class _Sums(NodeTransformer):
    """`a ~ b` as a sum of texts, so that it is bounded like any other."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802 - named by jinja2
        texts = [nodes.Filter(self.visit(each), "string", [], [], None, None) for each in node.nodes]
        total: nodes.Expr = texts[0]
        for each in texts[1:]:
            total = nodes.Add(total, each)
        return total


def rendered(template: str, messages: Sequence[Mapping[str, str]], *, special: Mapping[str, str]) -> str:
    """The messages as the model is to read them, up to where it answers.

    special: names and texts of the tokenizer's special tokens, such as bos_token. Raises BadModel for a template that
    cannot be used or goes past its bounds, BadInput with what the template itself says against the messages.
    """
    compiled = _compiled(template)
    said, length = [], 0
    try:
        with _bounded_steps():
            for piece in compiled.generate(messages=list(messages), add_generation_prompt=True, **special):
                said.append(piece)
                length += len(piece)
                if length > LONGEST:
                    _too_long()
    except TooMuch as error:
        raise BadModel(f"the chat template goes too far: {error}") from None
    except _Refused as error:
        raise BadInput(f"the model's chat template refuses these messages: {str(error)[:200]}") from None
    except (TemplateError, RecursionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise BadModel(f"the chat template fails: {type(error).__name__}: {str(error)[:200]}") from None
    return "".join(said)


class _Refused(Exception):
    """An error that a template raises by `raise_exception`."""


def refuse_template(template: object) -> str:
    """The template itself. Raises BadModel for one that is no text, too long, or cannot be compiled."""
    if not isinstance(template, str):
        raise BadModel(f"the chat template must be a text, not {type(template).__name__}")
    _compiled(template)
    return template


@lru_cache(maxsize=32)
def _compiled(template: str) -> Template:
    if len(template) > LONGEST_TEMPLATE:
        raise BadModel(f"the chat template has {len(template)} characters; at most {LONGEST_TEMPLATE} are read")
    environment = _Sandbox(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, "jinja2.ext.loopcontrols"], cache_size=0
    )
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.filters |= {"tojson": _as_json, "replace": _replaced, "join": _joined}
    environment.globals = {
        "raise_exception": _refuse,
        "namespace": environment.globals["namespace"],
        "range": environment.globals["range"],
    }
    try:
        parsed = environment.parse(template)
        if found := next(parsed.find_all(REFUSED), None):
            raise BadModel(
                f"the chat template reads another file ({type(found).__name__.lower()}): it must stand alone"
            )
        code = environment.compile(_Sums().visit(parsed), filename=NAME)
    except (TemplateError, RecursionError) as error:
        raise BadModel(f"the chat template cannot be read: {str(error)[:200]}") from None
    return Template.from_code(environment, code, environment.globals)


@contextmanager
def _bounded_steps() -> Iterator[None]:
    """Counts the lines that run in the compiled template; the interpreter's own trace is put back."""
    left = MOST_STEPS

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith(WHERE):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                raise TooMuch(f"it takes more than {MOST_STEPS} steps")
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)


def _sized(value: Any) -> bool:
    return isinstance(value, str | list | tuple)


def _too_long() -> Any:
    raise TooMuch(f"it builds more than {LONGEST} characters")


def _bounded_replace(text: str, old: str = "", new: str = "", *_: str) -> None:
    if (text.count(old) if old else len(text) + 1) * len(new) + len(text) > LONGEST:
        _too_long()


def _replaced(text: Any, old: str, new: str, count: int | None = None) -> str:
    _bounded_replace(str(text), old, new)
    return str(text).replace(old, new, -1 if count is None else count)


def _joined(values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
    """Texts in a row. attribute: the field of each that is meant."""
    texts = [str(each if attribute is None else each[attribute]) for each in values]
    if sum(map(len, texts)) + len(texts) * len(between) > LONGEST:
        _too_long()
    return str(between).join(texts)


def _refuse(message: str) -> None:
    raise _Refused(message)


def _as_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=None if indent is None else min(int(indent), 8))
