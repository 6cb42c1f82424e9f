"""Faults of a file and of its rows, each with its cure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...web.words import N_
from .schemas import Fault, FaultOut, Note, NoteOut

FAULTS: Mapping[str, tuple[str, str]] = {  # code → what is wrong with the row, what to do
    "width": (
        N_("The row and the header have different numbers of fields: %(value)s."),
        N_("Put cells that hold the separator or a new line into double quotes."),
    ),
    "quote": (
        N_("A double quote is not closed or stands in the middle: %(value)s."),
        N_("Put the whole cell into double quotes and write a quote inside it twice."),
    ),
    "open_quote": (
        N_("A double quote is opened and not closed."),
        N_("Close the quote; a quote that belongs to the text is written twice within a quoted cell."),
    ),
    "long_line": (N_("The line has over %(value)s characters."), N_("Split it or leave it out.")),
    "long_cell": (
        N_("A cell has over %(value)s characters."),
        N_("Shorten it, or look for a quote that is not closed."),
    ),
    "long_text": (N_("The text has %(value)s characters; 20,000 are read."), N_("Shorten or split the text.")),
    "long_label": (N_("A label or group has %(value)s characters."), N_("Choose a column of short names.")),
    "no_text": (N_("The text is empty."), N_("Fill in the text or leave the row out.")),
    "nul": (N_("It holds a character that is no text (NUL or half of a pair)."), N_("Remove the character.")),
    "json": (N_("It is not JSON: %(value)s."), N_("Write one JSON object a line.")),
    "object": (N_("It is not a JSON object but %(value)s."), N_("Write one JSON object a line.")),
    "twice": (N_("The field %(value)s stands in it twice."), N_("Keep one of them.")),
    "missing": (N_("It has no field %(value)s."), N_("Add the field or leave the row out.")),
    "kind": (N_("The field %(value)s is neither text nor number."), N_("Choose another column, or write it as text.")),
    "no_class": (
        N_("The file names its classes, and has no name for the number %(value)s."),
        N_("Correct the number, or the names in the file."),
    ),
}
NOTES: Mapping[str, str] = {
    "renamed": N_("Two columns had the same name: the second is called %(value)s here."),
    "unnamed": N_("A column without a name is called %(value)s here."),
    "not_filterable": N_("The group column %(value)s has too many values to filter by; audits still have it."),
    "more_rows": N_("Only the first %(value)s rows were read: that is the limit of this server."),
    "headerless": N_(
        "The first line names no columns, so it is read as a row: %(value)s. The columns are called column 1, column 2 "
        "and so on."
    ),
    "header_assumed": N_(
        "The first line was taken for the names of the columns: %(value)s. If it is a row, choose column 1, column 2 "
        "and so on instead."
    ),
    "class_names": N_("The classes have names in the file, which stand for their numbers: %(value)s."),
    "nested": N_("The column %(value)s holds lists, objects or bytes, which cannot be read."),
    "unquoted": N_("Quotes are read as part of the text, as is usual in tab-separated files."),
}


def said(fault: Fault) -> FaultOut:
    """A fault in English, as REST and the command line say it."""
    reason, cure = FAULTS[fault.code]
    return FaultOut(**fault.model_dump(), reason=reason % {"value": fault.value}, cure=cure)


def told(fault: Fault) -> str:
    """One line: where it is, what is wrong, what to do."""
    found = fault if isinstance(fault, FaultOut) else said(fault)
    place = f"line {fault.line:,}" if fault.until is None else f"lines {fault.line:,} to {fault.until:,}"
    return f"{place}: {found.reason} {found.cure}"


def spoken(notes: Iterable[Note]) -> Iterator[str]:
    """Sentences for notes, except those about columns that nobody asked for."""
    return (said_note(note).text for note in notes if note.code != "nested")


def said_note(note: Note) -> NoteOut:
    return NoteOut(**note.model_dump(), text=NOTES[note.code] % {"value": note.value})
