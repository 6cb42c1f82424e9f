"""How much of a file is read. A file over a limit is refused with the limit; a row over one is reported.

The bytes of a file have one limit, the setting upload_limit, which holds while it is received.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...schemas import LONGEST_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    unpacked: int = 4 << 30  # of what a compressed file holds
    rows: int = 2_000_000
    columns: int = 200
    line: int = 1 << 20  # characters of a line of JSON
    cell: int = 100_000  # characters of a cell
    text: int = LONGEST_TEXT  # characters that a model is asked about
    label: int = 200  # characters of a label or of a group's value
    labels: int = 200  # different labels
    groups: int = 8  # group columns
    values: int = 200  # different values of a group column that one can filter by
    strata: int = 500  # combinations of group values that one can filter by
    bad: int = 20_000  # bad rows after which a file is given up that has not a tenth as many good ones
    sample: int = 1000  # records that the columns are guessed from
