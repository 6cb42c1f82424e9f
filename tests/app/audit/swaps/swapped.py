"""The checked sentences: what each becomes when swapped, and how often the swaps get it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.audit.data.swapped import Outcome, Swapped
from app.audit.data.swaps import chinese, english

FILE = Path(__file__).parent / "sentences.tsv"


@dataclass(frozen=True)
class Judged:
    right: int
    wrong: tuple[tuple[str, str, str], ...]  # sentence, expected, found
    left_out: tuple[str, ...]
    returned: int  # swapped again, they are the sentence

    @property
    def figures(self) -> dict[str, float | int]:
        swapped = self.right + len(self.wrong)
        return {
            "sentences": swapped + len(self.left_out),
            "swapped": swapped,
            "left out": len(self.left_out),
            "correct": self.right / swapped,
            "back to the original": self.returned / swapped,
        }


def swap_of(name: str) -> Callable[[str], Outcome]:
    """`gender`, `zh gender`, or `first | second` for two groups, `zh first | second` for Chinese ones."""
    if name == "gender":
        return english.gender_swap
    if name == "zh gender":
        return chinese.gender_swap
    module, name = (chinese, name[3:]) if name.startswith("zh ") else (english, name)
    first, _, second = name.partition(" | ")
    return lambda text: module.group_swap(text, first, second)


def sentences() -> list[tuple[str, str, str]]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]  # type: ignore[misc]


def judged() -> Judged:
    right, returned, wrong, left_out = 0, 0, [], []
    for name, text, expected in sentences():
        found = swap_of(name)(text)
        if not isinstance(found, Swapped):
            if expected != "-":
                left_out.append(text)
            continue
        right += found.text == expected
        if found.text != expected:
            wrong.append((text, expected, found.text))
        back = swap_of(name)(found.text)
        returned += isinstance(back, Swapped) and back.text == text
    return Judged(right, tuple(wrong), tuple(left_out), returned)
