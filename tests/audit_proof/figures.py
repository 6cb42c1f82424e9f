"""One line of the table: what was measured, what it is held to and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """held and holds are None where a figure is reported and not held to anything."""

    name: str
    value: float | int | str
    held: str | None = None
    holds: bool | None = None

    @property
    def line(self) -> str:
        said = f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)
        verdict = "" if self.holds is None else "holds" if self.holds else "MISSED"
        return f"  {self.name:62} {said:>40}  {self.held or '':42} {verdict}"
