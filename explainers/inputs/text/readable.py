"""Which texts can be given to a tokenizer at all."""

from __future__ import annotations

from ...errors import BadInput


def readable(text: str, name: str = "text") -> str:
    """The text itself. Raises BadInput where no tokenizer can be given it, with the cure."""
    if not text.strip():
        raise BadInput(f"the {name} is empty: type at least one character that is not white space")
    if (at := text.find("\0")) >= 0:
        raise BadInput(f"the {name} has a NUL character at position {at}: remove it")
    for at, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise BadInput(
                f"the {name} has half a surrogate pair, U+{ord(character):04X}, at position {at}: "
                "it is no character; decode the text as UTF-16 or remove it"
            )
    return text
