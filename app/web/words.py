"""Words for what the library names by code. The English stands here and is the key of the catalogues."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .._library import explainers
from .formatting import fine_percent, number, percent, signed

NUMBER = re.compile(r"\d[\d.,]*")
LETTERS = ("{a}", "{b}")


def N_(message: str) -> str:  # noqa: N802 - the name by which catalogues are extracted
    """Marks a message for the catalogues; it is translated where it is shown."""
    return message


LEVELS = {
    "token": N_("Tokens"),
    "word": N_("Words"),
    "phrase": N_("Phrases"),
    "sentence": N_("Sentences"),
    "passage": N_("Parts"),
}
UNITS = {
    "log-odds": N_("log-odds"),
    "logit": N_("logit"),
    "probability": N_("probability"),
    "margin": N_("margin"),
    "output": N_("output"),
    "share": N_("share of the flow"),
    "relevance": N_("relevance"),
    "log-probability": N_("log-probability"),
}
VALUES = {
    "log-odds": N_("log-odds of the class against all others"),
    "logit": N_("logit of the class"),
    "probability": N_("probability of the class"),
    "margin": N_("margin to the strongest other class"),
    "output": N_("output of the model"),
    "log-probability": N_("log-probability of the token, or of all tokens together"),
}
BASELINES = {
    "hidden": N_("every part hidden from attention, places kept"),
    "deleted": N_("every part deleted"),
    "mask": N_("every part replaced by the mask token"),
    "unk": N_("every part replaced by the unknown token"),
    "pad": N_("every part replaced by the padding token"),
    "eos": N_("every part replaced by the end token"),
    "zero": N_("every word embedding set to zero"),
    "mean": N_("every word embedding set to the mean embedding"),
    "text": N_("another text with as many parts"),
}
# What the library says of its progress, with a letter for each number.
STEPS = (
    N_("{a} of {b} evaluations"),
    N_("{a} of {b} gradients"),
    N_("{a} of {b} replacements"),
    N_("{a} points"),
    N_("{a} steps"),
    N_("{a} rows"),
    N_("{a} rows, {b} of them bad"),
    N_("epoch {a}"),
    N_("one gradient"),
    N_("estimate"),
    N_("attention of all layers"),
    N_("attention and its gradients for {a} classes"),
    N_("infidelity"),
    N_("max-sensitivity"),
    N_("randomisation check"),
    N_("reading"),
    N_("judging"),
    N_("measures"),
)
BADGES = {"sound": N_("Sound"), "rough": N_("Rough"), "distrust": N_("Do not trust")}
HEADS = {
    "single": N_("one class of several"),
    "multi": N_("any number of classes"),
    "regression": N_("a number"),
}
OFFERS = {
    "outputs": N_("masked evaluations"),
    "gradients": N_("gradients"),
    "attentions": N_("attention weights"),
    "flow": N_("attention of the words to one another"),
    "embeddings": N_("word embeddings"),
    "layers": N_("states of every layer"),
    "maps": N_("maps of the last convolution"),
}
PROMISES = {
    "complete": N_("the scores add up to the output"),
    "dummy": N_("a part the model ignores gets nothing"),
    "linear": N_("a linear model gives back its weights"),
}
VIAS = {
    "local": N_("on the server"),
    "key": N_("key"),
    "session": N_("signed in"),
    "proxy": N_("proxy"),
}
MEASURES = {  # titles; the same words as the library, which a test holds
    "comprehensiveness": N_("Comprehensiveness"),
    "sufficiency": N_("Sufficiency"),
    "aopc_comprehensiveness": N_("Comprehensiveness, area"),
    "aopc_sufficiency": N_("Sufficiency, area"),
    "aopc_random": N_("Comprehensiveness, area of random orders"),
    "leave_one_out_tau": N_("Rank correlation with leave-one-out"),
    "kendall_tau": N_("Kendall's τ between two methods"),
    "top5_overlap": N_("Overlap of the top five"),
    "sign_agreement": N_("Agreement in sign"),
    "naopc_comprehensiveness": N_("Comprehensiveness, normalised"),
    "naopc_sufficiency": N_("Sufficiency, normalised"),
    "infidelity": N_("Infidelity"),
    "max_sensitivity": N_("Max-sensitivity"),
    "randomisation_tau": N_("Rank correlation with random weights"),
    "auprc": N_("Area under precision and recall"),
    "token_f1": N_("F1 with the marked words"),
    "iou_f1": N_("F1 with the marked spans"),
}
READINGS = {  # how to read each measure
    "comprehensiveness": N_(
        "How far the probability of the predicted class falls when the strongest 20 % of the words are masked. Large: "
        "the method found words that the prediction needs."
    ),
    "sufficiency": N_(
        "How far the probability of the predicted class falls when only the strongest 20 % of the words are kept. "
        "Near zero: these words are enough for the prediction."
    ),
    "aopc_comprehensiveness": N_(
        "The mean comprehensiveness when 1, 5, 10, 20 and 50 % of the words are masked. Compare it with the area of "
        "random orders, and only within one model."
    ),
    "aopc_sufficiency": N_(
        "The mean sufficiency when 1, 5, 10, 20 and 50 % of the words are kept. Compare only within one model."
    ),
    "aopc_random": N_(
        "The comprehensiveness that random orders of the words reach on this text. A method that does not exceed it "
        "explains nothing here."
    ),
    "leave_one_out_tau": N_(
        "Kendall's τ-b between the scores and the measured effect of leaving out each word. 1: the same order; 0: "
        "unrelated; −1: reversed. Methods that divide joint effects among words need not reach 1."
    ),
    "kendall_tau": N_(
        "Do two methods rank the words in the same order? 1: the same order; 0: unrelated; −1: reversed. For a method "
        "without signs, absolute scores are compared."
    ),
    "top5_overlap": N_("The share of the five words with the largest absolute scores that two methods have in common."),
    "sign_agreement": N_(
        "Among the words in the top five of either method: the share to which both methods give the same sign."
    ),
    "naopc_comprehensiveness": N_(
        "Where this order of the words stands between the worst (0) and the best (1) order there is for this model "
        "and text. Comparable between models."
    ),
    "naopc_sufficiency": N_(
        "Where this order of the words stands between the best (0) and the worst (1) order there is for this model "
        "and text. Comparable between models."
    ),
    "infidelity": N_(
        "The share of the change in the model's output that the scores do not predict when the embeddings of every "
        "word move a random part of the way to the baseline. 0: all of the change is predicted; 1: none of it."
    ),
    "max_sensitivity": N_(
        "The largest relative change of the scores when the word embeddings move by up to 5 % of their length. Large: "
        "the explanation depends on details that hardly change what the model reads."
    ),
    "randomisation_tau": N_(
        "Kendall's τ-b between the scores and the scores of the same method on a model with random weights. Far above "
        "0: the method shows the text or the architecture, not what the model has learned."
    ),
    "auprc": N_(
        "How well the scores rank the words that people marked as reasons above the other words. What people find "
        "plausible need not be what the model used."
    ),
    "token_f1": N_(
        "The overlap (F1) between the words that people marked and as many words with the strongest scores."
    ),
    "iou_f1": N_(
        "The same F1 for spans of neighbouring words. A span counts as found when it and a marked span share at least "
        "half of the words that they cover together."
    ),
}
METRICS = {"accuracy": N_("accuracy"), "auc": N_("area under the curve"), "f1": N_("F1")}
NOTICES = {
    "one_output": N_(
        "The configuration names no problem_type: the one output is shown as the number it is, a regression. Where a "
        "sigmoid was trained, set problem_type to multi_label_classification."
    ),
    "problem_unsaid": N_(
        "The configuration names no problem_type: the %(outputs)s outputs are read as classes of which one holds. "
        "Where they are values or independent labels, set problem_type to regression or multi_label_classification."
    ),
    "empty_is_nearer": N_(
        "Without any of these words the texts are more similar (%(empty)s) than with them (%(whole)s): an encoder "
        "gives a text without words a direction as well. Scores count from there. Explain one text while the other "
        "stays whole to see what brings it near."
    ),
    "lacks": N_("This model does not offer %(lacking)s."),
    "too_many_players": N_(
        "The method takes up to %(limit)s parts, and this text has %(count)s. Choose larger parts, such as phrases."
    ),
    "windows": N_(
        "The method explains one pass of the model, and this text is read in %(windows)s windows. Choose one of its "
        "sentences."
    ),
    "no_states": N_("The output of this architecture does not come from the states of its layers."),
    "attention_size": N_("With %(tokens)s tokens there are too many attention weights. Shorten the text."),
    "no_attention": N_("This architecture does not give its attention weights."),
    "other_logits": N_("With readable attention the model gives other outputs, so no attention is shown."),
    "no_memory": N_("The device has no memory for one row of this text. Shorten the text or compute on the CPU."),
    "reads_mean": N_("This classifier reads the mean of all states, not one position."),
    "edit_tried": N_("The edit was tried on the model, and the prediction changes."),
    "no_edit": N_("No edit of this size changes the prediction."),
    "no_flip": N_("No set of up to %(most)s parts changes the prediction when it is masked."),
    "no_replacement": N_("No replacement of up to %(most)s words that was tried changes the prediction."),
    "no_flip_found": N_(
        "None of the sets of up to %(most)s parts that were tried changes the prediction when it is masked."
    ),
    "not_converged": N_("After %(points)s points the scores still miss the change of the output by %(residual)s."),
    "same_without_learning": N_("A model with random weights gets nearly the same scores (τ %(tau)s)."),
    "unknown_players": N_("The model cannot read %(unknown)s of the %(players)s parts of this text."),
    "cut": N_("The text is longer than the model reads; what was cut is not explained."),
    "slope_only": N_(
        "A slope at this one point: it misses saturated effects, and the scores do not add up to the output."
    ),
    "measured": N_("Every score is a change that was measured on the model."),
    "mechanism": N_("A mechanism, not an attribution: it cannot say whether a word speaks for or against the class."),
    "exact": N_("Exact: every combination of the parts was evaluated."),
    "sampling_error": N_("Sampled: the scores carry an error of %(error)s."),
    "fit": N_("A straight line fits the model here with R² %(r2)s."),
    "line_misses_text": N_("The line misses the text’s own output by %(missed)s of the change that it describes."),
    "few_samples": N_("Based on %(effective)s effective samples, fewer than the %(wanted)s that are needed."),
    "parts_error": N_("The scores of single parts are off by %(error)s, though their sum is right."),
    "owen": N_("Owen values, %(distance)s away from the Shapley values: parts share with their neighbours first."),
    "residual": N_("Adds up to the output within %(residual)s."),
    "not_finite": N_("The model’s output is not a finite number here."),
    "no_better_than_random": N_("Masking its strongest parts moves the prediction less than masking random ones."),
    "not_the_measured_order": N_("Its ranking is unrelated to the measured effect of each part (τ %(tau)s)."),
}
FORMATS: Mapping[str, Callable[[Any], str]] = {
    "error": fine_percent,
    "missed": percent,
    "distance": percent,
    "residual": lambda value: percent(value, 1),
    "r2": number,
    "tau": signed,
    "found": number,
    "empty": number,
    "whole": number,
    "random": number,
    "effective": lambda value: number(value, 0),
    "wanted": lambda value: number(value, 0),
}
JOB_STATES = {
    "queued": N_("Waiting"),
    "running": N_("Running"),
    "cancelling": N_("Stopping"),
    "cancelled": N_("Cancelled"),
    "failed": N_("Failed"),
    "done": N_("Done"),
}
JOB_COUNTS = {"rows": N_("Texts"), "failed": N_("Texts without an answer"), "bad_rows": N_("Rows that cannot be read")}
TABLES = {
    "job_state": JOB_STATES,
    "job_count": JOB_COUNTS,
    "level_name": LEVELS,
    "unit": UNITS,
    "value_name": VALUES,
    "baseline": BASELINES,
    "badge_word": BADGES,
    "head": HEADS,
    "offer": OFFERS,
    "metric": METRICS,
    "promise": PROMISES,
    "measure": MEASURES,
    "reading": READINGS,
    "via": VIAS,
}


def naming(table: Mapping[str, str], translate: Callable[[str], str]) -> Callable[[str], str]:
    """A filter that gives the word of a table for a name; a name without an entry is shown as it is."""
    return lambda name: translate(table[name]) if name in table else str(name)


def filters(language: str, translate: Callable[[str], str]) -> dict[str, Callable[..., str]]:
    """`name|method`, `unit|unit` … : the words of one language; a name without an entry is shown as it is."""

    def of_method(part: str) -> Callable[[str], str]:
        """A part of a method's prose; the name of one that is not installed any more stands for its title."""

        def words(name: str) -> str:
            try:
                return str(getattr(explainers.prose_of(name, language), part))
            except explainers.UnknownExplainer:
                return name if part in ("title", "brief") else ""

        return words

    def say(notice: Any) -> str:
        """A notice in words; one that the catalogue does not know in its own English."""
        if notice.code not in NOTICES:
            # Translators: a reason the library gives in English, in a language that frames it.
            return translate(N_("%(detail)s")) % {"detail": notice.text}
        values = {name: FORMATS.get(name, str)(value) for name, value in notice.values.items()}
        if "lacking" in values:
            values["lacking"] = translate(N_(", ")).join(
                naming(OFFERS, translate)(each) for each in values["lacking"].split(", ")
            )
        try:
            return translate(NOTICES[notice.code]) % values
        except KeyError:
            return str(notice.text)

    def step(note: str) -> str:
        """A note of progress: the numbers stand as they are, the words around them in the language."""
        numbers = NUMBER.findall(note)
        if len(numbers) > len(LETTERS):
            return note
        letters = iter(LETTERS)
        told = translate(NUMBER.sub(lambda _: next(letters), note))
        for letter, found in zip(LETTERS, numbers, strict=False):
            told = told.replace(letter, found)
        return told

    return {name: naming(table, translate) for name, table in TABLES.items()} | {
        "method": of_method("title"),
        "brief": of_method("brief"),
        "asks": of_method("asks"),
        "cost": of_method("cost"),
        "say": say,
        "tr": translate,
        "step": step,
    }
