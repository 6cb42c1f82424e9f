"""A heat map, or a whole slide, as SVG: text that is laid out here, so that it looks the same wherever it is opened.

The width of a letter is estimated; `textLength` makes whoever draws it keep to that, whatever font there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

from ..._library import explainers
from ..ask.outcome import PredictionView
from .view import MethodView, PaintedText

RAISE = ("#ffffff", "#fff1e0", "#fee3c1", "#fed4a1", "#fdc682", "#fdb863")
LOWER = ("#ffffff", "#e8f1fa", "#d0e3f5", "#b9d4f0", "#a1c6eb", "#8ab8e6")
PLAIN = ("#ffffff", "#eef1f0", "#dde3e1", "#cbd5d1", "#bac7c3", "#a9b9b4")
INK, SOFT, RULES = "#16181d", "#4a4f59", ("#8a4a00", "#1d5688")
FONT = "Helvetica,Arial,'Liberation Sans','Noto Sans CJK SC',sans-serif"
WIDTHS = {  # of the letters of Helvetica, in thousandths of the size; Arial and Liberation Sans have the same
    278: r" !,./:;I[\]ft", 191: "'", 222: "ijl", 260: "|", 333: "()-`r", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "Jckvsxyz", 556: "#$0123456789?L_abdeghnopqu", 584: "+<=>~", 611: "FTZ", 667: "&ABEKPSVXY", 722: "CDHNRUw",
    778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1015: "@",
}  # fmt: skip
SHARES = {letter: width / 1000 for width, letters in WIDTHS.items() for letter in letters}
OTHER = 0.58  # of a letter that is not listed
MOST_LINES = 60  # of a map; a longer text ends with an ellipsis
SLIDE, SLIDE_MARGIN = (1600, 900), 90
SLIDE_TEXT = SLIDE[0] - 2 * SLIDE_MARGIN


@dataclass(frozen=True, slots=True)
class Word:
    """A stretch of one line: where it stands, and how deep it is painted."""

    text: str
    x: float
    line: int
    width: float
    step: int


def map_svg(row: MethodView, *, title: str, says: str, width: int = 900) -> str:
    """One method's map with its name above it and a sentence below."""
    size, margin = 22.0, 28
    words, lines = laid_out(row.texts, width=width - 2 * margin, size=size)
    top = margin + 30
    height = top + lines * size * 1.9 + 44
    body = [_line(title, margin, margin + 8, 18, weight=650)]
    body += _painted(words, x=margin, y=top, size=size, plain=row.plain)
    body.append(_line(says, margin, height - 20, 14, colour=SOFT))
    return _document(width, height, body, label=f"{title}. {says}")


def slide_svg(
    row: MethodView | None, prediction: PredictionView, *, answer: Sequence[str], title: str, foot: str
) -> str:
    """A card for slides, 1600 x 900: the answer, the map of one method, the bars, and where it comes from."""
    width, height = SLIDE
    body, y = _sentences(answer[:3])
    if row is not None and row.texts:
        words, lines = laid_out(row.texts, width=SLIDE_TEXT, size=34.0, most=max(1, int((700 - y) / 65)))
        body.append(_line(title, SLIDE_MARGIN, y, 20, colour=SOFT))
        body += _painted(words, x=SLIDE_MARGIN, y=y + 26, size=34.0, plain=row.plain)
        y += 40 + lines * 65
    body += _bars(prediction, max(y, height - 130 - 42 * min(3, len(prediction.lines))))
    body.append(_line(foot, SLIDE_MARGIN, height - 44, 18, colour=SOFT))
    return _document(width, height, body, label=" ".join(answer) or title)


def _sentences(answer: Sequence[str]) -> tuple[list[str], float]:
    """The answer, its first sentence large, and where the next thing may stand."""
    body, y = [], 120.0
    for number, sentence in enumerate(answer):
        size, weight, colour, most = (46.0, 640, INK, 3) if number == 0 else (27.0, 400, SOFT, 2)
        for text in _wrapped(sentence, SLIDE_TEXT, size)[:most]:
            body.append(_line(text, SLIDE_MARGIN, y, size, weight=weight, colour=colour))
            y += size * 1.35
    return body, y + 26


def _bars(prediction: PredictionView, y: float) -> Iterator[str]:
    """The first three classes; a number has no bar."""
    for line in prediction.lines[:3] if prediction.kind != "regression" else ():
        share, weight = line.probability or 0.0, 650 if line.said else 400
        place = f'x="{SLIDE_MARGIN + 260}" y="{y + 8:.0f}" height="14" rx="3"'
        yield _line(line.label, SLIDE_MARGIN, y + 22, 24, weight=weight)
        yield f'<rect {place} width="900" fill="#eeece7"/>'
        yield f'<rect {place} width="{900 * share:.1f}" fill="{INK if line.said else "#9a9a98"}"/>'
        yield _line(explainers.shown.share(share), SLIDE_MARGIN + 1190, y + 22, 24, weight=weight)
        y += 42


def laid_out(
    texts: Sequence[PaintedText], *, width: float, size: float, most: int = MOST_LINES
) -> tuple[list[Word], int]:
    """The words of the texts on lines of this width, and how many lines there are."""
    out: list[Word] = []
    x, line = 0.0, 0
    for text in texts:
        if out:
            x, line = 0.0, line + 1
        for cell in text.cells:
            for piece in () if cell.far else _pieces(cell.text):
                if piece == "\n":
                    x, line = 0.0, line + 1
                    continue
                wide = _width(piece, size)
                if x + wide > width and x > 0 and piece.strip():
                    x, line = 0.0, line + 1
                if line >= most:
                    return [*out, Word("…", min(x, width - size), most - 1, size, 0)], most
                if piece.strip():
                    out.append(Word(piece, x, line, wide, cell.step))
                x += wide
    return out, line + 1


def _pieces(text: str) -> Iterator[str]:
    """Words, white space and line breaks, one by one; each character of a script without spaces."""
    word = ""
    for character in text:
        if character.isspace() or east_asian_width(character) in "WF":
            if word:
                yield word
            word = ""
            yield "\n" if character == "\n" else " " if character.isspace() else character
        else:
            word += character
    if word:
        yield word


def _width(text: str, size: float) -> float:
    return size * sum(map(_share, text))


def _share(character: str) -> float:
    return 1.0 if east_asian_width(character) in "WF" else SHARES.get(character, OTHER)


def _wrapped(text: str, width: float, size: float) -> list[str]:
    lines, now = [], ""
    for piece in _pieces(text):
        if now and piece.strip() and _width(now + piece, size) > width:
            lines.append(now.strip())
            now = ""
        now += piece
    return [*lines, now.strip()] if now.strip() else lines


def _painted(words: Sequence[Word], *, x: float, y: float, size: float, plain: bool) -> Iterator[str]:
    for word in words:
        left, base = x + word.x, y + (word.line + 1) * size * 1.9 - size * 0.6
        if word.step:
            colours = PLAIN if plain else RAISE if word.step > 0 else LOWER
            fill = colours[abs(word.step)]
            box = f'x="{left - 2:.1f}" y="{base - size:.1f}" width="{word.width + 4:.1f}" height="{size * 1.35:.1f}"'
            yield f'<rect {box} rx="3" fill="{fill}"/>'
        if word.step and not plain:
            colour = RULES[word.step < 0]
            dashes = ' stroke-dasharray="2 3"' if word.step < 0 else ""
            under = base + size * 0.28
            ends = f'x1="{left:.1f}" x2="{left + word.width:.1f}" y1="{under:.1f}" y2="{under:.1f}"'
            yield f'<line {ends} stroke="{colour}" stroke-width="{0.5 + abs(word.step) / 2:.1f}"{dashes}/>'
        yield _line(word.text, left, base, size, width=word.width)


def _line(
    text: str, x: float, y: float, size: float, *, weight: int = 400, colour: str = INK, width: float | None = None
) -> str:
    fixed = "" if width is None or len(text) < 2 else f' textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"'
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" fill="{colour}"'
    return f"<text {place}{fixed}>{escape(text)}</text>"


def _document(width: float, height: float, body: Sequence[str], *, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="{FONT}" role="img"><title>{escape(label)}</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(body)}</svg>\n'
    )
