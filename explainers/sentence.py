"""The answer in a sentence, made of templates with named places, which each language may order as it likes.

The English stands here and is the key of the catalogues; `Speech` is what else a language decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from .contract import Answer, Feature, Without
from .outputs.shown import number, share
from .prose import prose_of

MOST_FLIPS = 6  # named one by one; the rest is counted
LONGEST = 40  # characters of a part that is named
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def N_(message: str) -> str:  # noqa: N802 - the name by which catalogues are extracted
    """Marks a message for the catalogues; it is translated where it is said."""
    return message


PARTS = {  # one part of the input
    "token": N_("token"),
    "word": N_("word"),
    "phrase": N_("phrase"),
    "sentence": N_("sentence"),
    "patch": N_("patch"),
    "region": N_("region"),
    "detail": N_("region"),
    "span": N_("stretch"),
    "passage": N_("part of the prompt"),
}
SAID = {
    "class": N_("%(label)s (%(number)s)"),
    "of_word": N_("%(word)s is %(label)s (%(number)s)"),
    "no_label": N_("No label holds; the nearest is %(label)s (%(number)s)"),
    "token": N_("The token “%(label)s” (%(number)s)"),
    "answer": N_("“%(label)s” (%(number)s)"),
    "value": N_("%(number)s"),
    "value_of": N_("%(label)s: %(number)s"),
}
BECAUSE = {  # by what is named: reasons, and one or several players against
    (True, 0): N_("%(said)s, mostly because of %(reasons)s."),
    (True, 1): N_("%(said)s, mostly because of %(reasons)s; %(against)s pulls the other way."),
    (True, 2): N_("%(said)s, mostly because of %(reasons)s; %(against)s pull the other way."),
    (False, 0): N_("%(said)s."),
    (False, 1): N_("%(said)s, although %(against)s pulls the other way."),
    (False, 2): N_("%(said)s, although %(against)s pull the other way."),
}
RAISED = {
    (True, False): N_("%(said)s, raised most by %(reasons)s."),
    (True, True): N_("%(said)s, raised most by %(reasons)s and lowered most by %(against)s."),
    (False, False): N_("%(said)s."),
    (False, True): N_("%(said)s, lowered most by %(against)s."),
}
UNNAMED = {  # why no player is named
    "no_scores": N_("No method here gives scores, so no %(part)s is named."),
    "untried": N_("Nothing can be left out to try it on this model, so no %(part)s is named."),
    "no_trust": N_("No method can be trusted here, so no %(part)s is named."),
    "nothing_common": N_("No %(part)s is named: there is none on which the methods and the measured effects agree."),
}
AGREE = {
    "one": N_("This rests on one method, %(method)s."),
    "one_against": N_("Only one method counts, %(method)s, and it puts another %(part)s first."),
    "both": N_("Both methods agree."),
    "all": N_("All %(n)s methods agree."),
    "most": N_("%(k)s of %(n)s methods agree."),
    "few": N_("The methods disagree: only %(k)s of %(n)s came to this."),
    "none": N_("The methods disagree: none of the %(n)s came to this."),
    "distrust_one": N_("One more cannot be trusted here."),
    "distrust": N_("%(n)s more cannot be trusted here."),
}
FLIPS = {
    "to": N_("It flips to %(label)s without %(flips)s."),
    "each": N_("It flips without %(flips)s."),
    "off": N_("It no longer holds without %(flips)s."),
    "on": N_("It holds without %(flips)s."),
    "none": N_("No single %(part)s flips it."),
    "none_tried": N_("No single %(part)s flips it, nor does any set that was tried."),
    "together": N_("No single %(part)s flips it; without %(set)s it is %(label)s (%(number)s)."),
    "together_off": N_("No single %(part)s flips it; without %(set)s it no longer holds (%(number)s)."),
    "together_on": N_("No single %(part)s flips it; without %(set)s it holds (%(number)s)."),
    "becomes": N_("Without %(set)s it is %(number)s."),
}
ITEMS = {
    "flip": N_("%(part)s (%(number)s)"),
    "flip_to": N_("%(part)s (%(label)s, %(number)s)"),
    "more": N_("any one of %(n)s others"),
    "numbered": N_("%(part)s (no. %(n)s)"),
}


def _together(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _either(parts: Sequence[str]) -> str:
    """Alternatives that stand behind "without": each by itself."""
    return parts[0] if len(parts) == 1 else f"{', without '.join(parts[:-1])} or without {parts[-1]}"


def _begun(said: str) -> str:
    """A capital for a first word in small letters; names such as iPhone stay as they are."""
    first = said.partition(" ")[0]
    return said[:1].upper() + said[1:] if first.islower() else said


@dataclass(frozen=True, slots=True)
class Speech:
    """The choices of a language beside its templates; the defaults are English as plain text.

    together, either: a list that goes together, and alternatives behind "without". count: a small number. part: a
    named part of the input, with +1 for what speaks for the answer and −1 against it, else 0. label: a class.
    """

    translate: Callable[[str], str] = str
    together: Callable[[Sequence[str]], str] = _together
    either: Callable[[Sequence[str]], str] = _either
    count: Callable[[int], str] = lambda n: WORDS[n] if n < len(WORDS) else str(n)
    part: Callable[[str, int], str] = lambda text, sign: f"*{text}*"
    label: Callable[[str], str] = str
    method: Callable[[str], str] = lambda name: prose_of(name).title
    begun: Callable[[str], str] = _begun
    join: Callable[[Sequence[str]], str] = " ".join


ENGLISH = Speech()


def sentence_of(answer: Answer, features: Sequence[Feature], speech: Speech = ENGLISH) -> str:
    """The answer about an input of these features: what, why, how many methods agree, what it hangs on."""
    teller = _Teller(answer, features, speech)
    return speech.join([speech.begun(said) for said in teller.sentences()])


class _Teller:
    """Chooses the template of each sentence and fills it."""

    def __init__(self, answer: Answer, features: Sequence[Feature], speech: Speech) -> None:
        self.answer, self.features, self.speech = answer, features, speech
        self.often = Counter(feature.text.casefold() for feature in features)
        self.number = partial(number, digits=3) if answer.kind == "value" else share
        signs = [*((reason.player, 1) for reason in answer.reasons), *((r.player, -1) for r in answer.against)]
        self.signs: Mapping[int, int] = dict(signs)

    def sentences(self) -> Iterator[str]:
        answer = self.answer
        yield self._prediction()
        yield from self._agreement() if answer.reasons or answer.against else self._unnamed()
        if answer.flips is not None:
            yield self._flips(answer.flips)
        elif answer.without is not None:
            yield self._fill(FLIPS["becomes"], set=self._set(answer.without), number=self.number(answer.without.number))

    def _prediction(self) -> str:
        answer = self.answer
        names = {
            "said": self._said(),
            "reasons": self._listed([reason.player for reason in answer.reasons]),
            "against": self._listed([reason.player for reason in answer.against]),
        }
        if answer.kind == "class" or (answer.kind == "label" and answer.holds):
            return self._fill(BECAUSE[bool(answer.reasons), min(len(answer.against), 2)], **names)
        return self._fill(RAISED[bool(answer.reasons), bool(answer.against)], **names)

    def _said(self) -> str:
        """The prediction, as it stands in the first sentence."""
        answer = self.answer
        code: str = "class" if answer.kind == "label" else answer.kind
        if answer.kind == "class" and answer.word is not None:
            code = "of_word"
        elif answer.kind == "token" and answer.said.at is None:
            code = "answer"
        elif not answer.holds:
            code = "no_label"
        elif answer.kind == "value" and answer.several:
            code = "value_of"
        word = "" if answer.word is None else self.speech.part(answer.word, 0)
        said = _short(answer.said.label)
        label = self.speech.label(self.speech.begun(said) if code == "class" else said)
        return self._fill(SAID[code], label=label, number=self.number(answer.number), word=word)

    def _unnamed(self) -> Iterator[str]:
        answer = self.answer
        if not (answer.methods or answer.distrusted):
            code = "no_scores"
        elif not answer.measured:
            code = "untried"
        else:
            code = "nothing_common" if answer.methods else "no_trust"
        yield self._fill(UNNAMED[code], part=self._kind_of_part())

    def _agreement(self) -> Iterator[str]:
        agreeing, counted = len(self.answer.agreeing), len(self.answer.methods)
        if counted == 1:
            method = self.speech.method(self.answer.methods[0])
            code = "one" if agreeing else "one_against"
            yield self._fill(AGREE[code], method=method, part=self._kind_of_part())
        else:
            code = "none" if not agreeing else "few" if 2 * agreeing <= counted else "most"
            if agreeing == counted:
                code = "both" if counted == 2 else "all"
            yield self._fill(AGREE[code], k=self.speech.count(agreeing), n=self.speech.count(counted))
        if others := len(self.answer.distrusted):
            yield self._fill(AGREE["distrust_one" if others == 1 else "distrust"], n=self.speech.count(others))

    def _flips(self, flips: Sequence[Without]) -> str:
        if not flips:
            return self._wider()
        labels = {flip.said.label for flip in flips}
        if self.answer.kind == "label":
            return self._fill(FLIPS["off" if self.answer.holds else "on"], flips=self._alternatives(flips, "flip"))
        if len(labels) > 1:
            return self._fill(FLIPS["each"], flips=self._alternatives(flips, "flip_to"))
        listed = self._alternatives(flips, "flip")
        return self._fill(FLIPS["to"], label=self._label(flips[0].said.label), flips=listed)

    def _wider(self) -> str:
        """No single part flips it: what several together do."""
        found, part = self.answer.without, self._kind_of_part()
        if found is None:
            return self._fill(FLIPS["none_tried" if self.answer.tried else "none"], part=part)
        code = "together"
        if self.answer.kind == "label":
            code = "together_off" if self.answer.holds else "together_on"
        label = self._label(found.said.label)
        return self._fill(FLIPS[code], part=part, set=self._set(found), label=label, number=self.number(found.number))

    def _alternatives(self, flips: Sequence[Without], code: str) -> str:
        """Every part that flips by itself: the first by name, what is beyond as a number."""
        named = flips if len(flips) <= MOST_FLIPS + 1 else flips[:MOST_FLIPS]
        items = [
            self._fill(
                ITEMS[code],
                part=self._part(flip.players[0], sign=0),
                label=self._label(flip.said.label),
                number=self.number(flip.number),
            )
            for flip in named
        ]
        if len(named) < len(flips):
            items.append(self._fill(ITEMS["more"], n=self.speech.count(len(flips) - len(named))))
        return self.speech.either(items)

    def _set(self, found: Without) -> str:
        return self.speech.together([self._part(player, sign=0) for player in found.players])

    def _listed(self, players: Sequence[int]) -> str:
        return (
            self.speech.together([self._part(player, sign=self.signs[player]) for player in players]) if players else ""
        )

    def _part(self, player: int, *, sign: int) -> str:
        """A part by its text; one that occurs several times by its number, too."""
        text = self.features[player].text
        named = self.speech.part(_short(text), sign)
        if self.often[text.casefold()] == 1:
            return named
        return self._fill(ITEMS["numbered"], part=named, n=str(player + 1))

    def _label(self, label: str) -> str:
        return self.speech.label(_short(label))

    def _kind_of_part(self) -> str:
        return self.speech.translate(PARTS.get(self.answer.players, PARTS["word"]))

    def _fill(self, template: str, **values: str) -> str:
        return self.speech.translate(template) % values


def _short(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
