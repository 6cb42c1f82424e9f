"""The verdict of a change, written from its figures and from nothing else."""

from __future__ import annotations

from ..web.formatting import fine_percent, number, percent, signed
from ..web.words import N_
from .schemas import AgreementOut, CostOut, DecisionsOut, GapOut, SaidOut, WordOut

SLIGHT = 0.02  # accuracy: a loss below it, shown by the interval, is called none that matters


def said(
    decisions: DecisionsOut,
    agreement: AgreementOut,
    words: tuple[WordOut, ...],
    gaps: tuple[GapOut, ...],
    size: CostOut | None,
    milliseconds: CostOut,
) -> tuple[SaidOut, ...]:
    sentences = [_decided(decisions), _flipped(decisions), _reasons(agreement)]
    if moved := [word for word in words if word.moved]:
        named = ", ".join(f"“{word.word}” ({signed(word.change.value or 0.0, 2)})" for word in moved[:5])
        told = N_("Single words gained or lost more than any does by another seed: %(words)s.")
        if agreement.twins is None:
            told = N_("Words that gained or lost most: %(words)s.")
        sentences.append(_said(told, words=named))
    sentences.extend(_gaps(gaps))
    sentences.extend(_cost(size, milliseconds))
    return tuple(sentences)


def _decided(decisions: DecisionsOut) -> SaidOut:
    gap = decisions.difference
    if gap is None or gap.value is None or gap.low is None or gap.high is None:
        return _said(N_("The texts have no labels, so that nothing is known of the accuracy."))
    assert decisions.before is not None
    assert decisions.after is not None
    values = {
        "before": percent(decisions.before.value, 1),
        "after": percent(decisions.after.value, 1),
        "low": signed(100 * gap.low, 1),
        "high": signed(100 * gap.high, 1),
    }
    if gap.high < 0:
        return _said(N_("Accuracy falls from %(before)s to %(after)s (%(low)s to %(high)s points)."), **values)
    if gap.low > 0:
        return _said(N_("Accuracy rises from %(before)s to %(after)s (%(low)s to %(high)s points)."), **values)
    if gap.low > -SLIGHT:
        return _said(N_("Accuracy stays: %(before)s and %(after)s (%(low)s to %(high)s points)."), **values)
    return _said(
        N_("Accuracy is %(before)s and %(after)s: too few texts to say whether it falls (%(low)s to %(high)s points)."),
        **values,
    )


def _flipped(decisions: DecisionsOut) -> SaidOut:
    if not decisions.flips:
        return _said(N_("All %(texts)s decisions stay."), texts=f"{decisions.texts:,}")
    return _said(
        N_("%(flips)s of %(texts)s decisions flip (%(rate)s)."),
        flips=f"{decisions.flips:,}",
        texts=f"{decisions.texts:,}",
        rate=fine_percent(decisions.flip_rate.value),
    )


def _reasons(agreement: AgreementOut) -> SaidOut:
    if agreement.tau is None or agreement.interval is None:
        return _said(N_("The reasons could not be compared: no text has the same words in both models."))
    values = {
        "tau": number(agreement.tau, 2),
        "low": number(agreement.interval[0], 2),
        "high": number(agreement.interval[1], 2),
    }
    if agreement.twins is None or agreement.twins.tau.value is None:
        return _said(
            N_("Its word scores have τ = %(tau)s (%(low)s to %(high)s) with those before; without a twin nothing says "
               "whether that is much."),
            **values,
        )  # fmt: skip
    values["twins"] = number(agreement.twins.tau.value, 2)
    told = {
        "changed": N_("The order of its reasons changed by more than another seed changes it: τ = %(tau)s "
                      "(%(low)s to %(high)s), between seed twins %(twins)s."),
        "within": N_("The order of its reasons differs by no more than another seed makes it: τ = %(tau)s "
                     "(%(low)s to %(high)s), between seed twins %(twins)s."),
        "undecided": N_("Whether its reasons changed by more than another seed changes them is undecided: τ = %(tau)s "
                        "(%(low)s to %(high)s), between seed twins %(twins)s."),
    }  # fmt: skip
    return _said(told[agreement.call], **values)


def _gaps(gaps: tuple[GapOut, ...]) -> list[SaidOut]:
    if not gaps:
        return []
    off = [gap for gap in gaps if gap.change.low is not None and (gap.change.low > 0 or (gap.change.high or 0.0) < 0)]
    wider = [gap for gap in off if abs(gap.gap_after) > abs(gap.gap_before)]
    if not wider:
        return [_said(N_("No gap between groups is shown to be wider than before."))]
    worst = max(wider, key=lambda gap: abs(gap.gap_after) - abs(gap.gap_before))
    return [
        _said(
            N_("The gap of %(group)s is wider: %(before)s before, %(after)s after."),
            group=worst.group,
            before=signed(worst.gap_before, 2),
            after=signed(worst.gap_after, 2),
        )
    ]


def _cost(size: CostOut | None, milliseconds: CostOut) -> list[SaidOut]:
    sentences = []
    if size is not None and size.ratio.value is not None:
        sentences.append(
            _said(
                N_("Its files have %(after)s MB instead of %(before)s MB."),
                after=number(size.after / 1e6, 1),
                before=number(size.before / 1e6, 1),
            )
        )
    ratio = milliseconds.ratio
    if ratio.value is not None and ratio.low is not None and ratio.high is not None:
        told = N_("One text takes %(ratio)s times as long (%(low)s to %(high)s).")
        ends = {"low": number(ratio.low, 2), "high": number(ratio.high, 2)}
        sentences.append(_said(told, ratio=number(ratio.value, 2), **ends))
    return sentences


def _said(text: str, **values: str) -> SaidOut:
    return SaidOut(text=text, values=values)
