"""Words for what an audit names by code. The English stands here and is the key of the catalogues."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...web.words import N_

METRICS = {
    "selection_rate": N_("Selection rate"),
    "scoring_rate": N_("Scoring rate"),
    "prevalence": N_("Prevalence"),
    "false_positive_rate": N_("False positive rate"),
    "true_positive_rate": N_("True positive rate"),
    "false_negative_rate": N_("False negative rate"),
    "true_negative_rate": N_("True negative rate"),
    "accuracy": N_("Accuracy"),
    "positive_predictive_value": N_("Precision"),
    "mean_score": N_("Mean probability"),
    "auc": N_("AUC within the group"),
    "bpsn_auc": N_("AUC, harmless of the group against the class elsewhere"),
    "bnsp_auc": N_("AUC, harmless elsewhere against the class in the group"),
    "negative_aeg": N_("Average equality gap, harmless texts"),
    "positive_aeg": N_("Average equality gap, texts of the class"),
}
SHORT = {  # in the head of a narrow column
    "selection_rate": N_("Selected"),
    "false_positive_rate": N_("FPR"),
    "true_positive_rate": N_("TPR"),
    "accuracy": N_("Accuracy"),
}
MEANINGS = {
    "selection_rate": N_("The share of all texts that the model takes for the class."),
    "false_positive_rate": N_("The share of texts not of the class that the model takes for it all the same."),
    "true_positive_rate": N_("The share of texts of the class that the model finds."),
    "accuracy": N_("The share of texts on which model and label agree."),
    "positive_predictive_value": N_("The share of texts labelled with the class among those the model takes for it."),
    "mean_score": N_("The mean probability that the model gives the class."),
    "auc": N_("How well the model ranks texts of the class above others within the group."),
    "bpsn_auc": N_("Low: harmless texts of the group are scored like texts of the class elsewhere."),
    "bnsp_auc": N_("Low: texts of the class in the group are scored like harmless texts elsewhere."),
    "negative_aeg": N_("Above 0: harmless texts of the group are scored higher than harmless texts elsewhere."),
    "positive_aeg": N_("Above 0: texts of the class in the group are scored higher than such texts elsewhere."),
}
PARTS = {
    "identity": N_("Identity words"),
    "beside identity": N_("Words beside them"),
    "negation": N_("Negation"),
    "profanity": N_("Profanity"),
    "rest": N_("Everything else"),
    "text length and frame": N_("Text length and frame"),
}
REASONS = {
    "no_rows": N_("no texts"),
    "no_positives": N_("no text of the class"),
    "no_negatives": N_("no text labelled otherwise"),
    "no_selected": N_("no labelled text is taken for the class"),
    "no_unselected": N_("every labelled text is taken for the class"),
    "no_groups": N_("fewer than two groups"),
    "zero_rate": N_("the rate to divide by is 0"),
    "no_labels": N_("the texts have no labels"),
    "too_few": N_("too few texts to say"),
    "thin": N_("few texts: read with care"),
    "too_few_clusters": N_("too few templates for an interval"),
    "no_shared_template": N_("no template holds the group and another"),
    "no_variation": N_("nothing varies"),
    "near_one": N_("approximate, close to 1"),
}
VERDICTS = {
    "finding": N_("Gap found"),
    "found, within the margin": N_("Found, within the margin"),
    "shown equal": N_("Shown equal"),
    "no difference found": N_("No difference found"),
    "too little data": N_("Too little data"),
}
KINDS = {  # of all that was found, and of one measure
    "finding": N_("Gap found"),
    "within margin": N_("Found, within the margin"),
    "equal": N_("Shown equal"),
    "nothing found": N_("No difference found"),
    "too little data": N_("Not decided"),
    "untested": N_("Not tested"),
}
TRUST = {
    "claims_follow": N_("What words are said to do and what taking them out does go together."),
    "claims_roughly_follow": N_("What words are said to do and what taking them out does go together only roughly."),
    "claims_do_not_follow": N_("What words are said to do has little to do with what taking them out does."),
    "claims_of_few_words": N_("So few words were taken out that their order may be right by chance."),
    "claims_unchecked": N_("Too few words were taken out to check what they are said to do."),
}
DESIGNS = {
    "independent": N_("rows are independent"),
    "crossed": N_("groups are compared within templates, and whole templates are left out for the interval"),
    "nested": N_("whole clusters stand for their texts: each lies in one group"),
}
SUMMARY = {
    "demographic_parity_difference": N_("Demographic parity difference"),
    "demographic_parity_ratio": N_("Demographic parity ratio"),
    "to_overall": N_("Largest distance to the overall selection rate"),
    "equal_opportunity_difference": N_("Equal opportunity difference"),
    "equalised_odds_difference": N_("Equalised odds difference"),
    "predictive_parity_difference": N_("Predictive parity difference"),
    "fped": N_("FPED, summed distance of false positive rates"),
    "fned": N_("FNED, summed distance of false negative rates"),
    "worst_auc": N_("Power mean of the AUCs within groups"),
    "worst_bpsn_auc": N_("Power mean of BPSN AUCs"),
    "worst_bnsp_auc": N_("Power mean of BNSP AUCs"),
    "jigsaw_score": N_("Jigsaw score"),
}
PRESETS = {
    "general": N_("General report"),
    "ll144": N_("Tables as New York’s Local Law 144 asks for"),
    "eu-ai-act": N_("Sections along Annex IV of the EU AI Act"),
}
SOURCES = {
    "templates": N_("identity templates"),
    "table": N_("your own texts"),
    "swaps": N_("your own texts with identities swapped"),
    "functional": N_("a functional test"),
}
ASSIGNED = {
    "slot": N_("the identity that the template’s slot holds"),
    "columns": N_("columns of the data"),
    "terms": N_("a term of the list occurs as a whole word"),
}
LEFT_OUT = {
    "no_text": N_("no text"),
    "bad_rows": N_("rows that cannot be read"),
    "both_named": N_("names both groups"),
    "no_word": N_("names the group by a word that is not swapped"),
    "word": N_("a word without counterpart"),
    "part_of_speech": N_("a word that may be either of two"),
    "case": N_("letters in a case that does not carry over"),
    "form": N_("the other group has no word of this form"),
    "not_reversible": N_("swapped back it would be another text"),
}
FLIP_TESTS = {
    "McNemar, exact": N_("McNemar, exact"),
    "sign flip of clusters": N_("signs of whole texts flipped"),
}
STRATA = {
    "all": N_("All texts"),
    "harmless": N_("Texts not of the class"),
    "of_class": N_("Texts of the class"),
}

DRAWN = {
    "points": N_("points"),
    "before": N_("The text says"),
    "after": N_("Becomes"),
    "gap": N_("gap"),
    "all": N_("all texts"),
    "fpr": N_("false positive rate"),
    "tpr": N_("true positive rate"),
    "mean": N_("mean probability"),
    "observed": N_("share of the class"),
    "threshold": N_("threshold"),
    "probability": N_("probability"),
    "residual": N_("residual"),
    "log-odds": N_("log-odds"),
}

TABLES = {
    "audit_metric": METRICS,
    "audit_short": SHORT,
    "audit_meaning": MEANINGS,
    "audit_part": PARTS,
    "audit_reason": REASONS,
    "audit_verdict": VERDICTS,
    "audit_kind": KINDS,
    "audit_trust": TRUST,
    "audit_design": DESIGNS,
    "audit_summary": SUMMARY,
    "audit_preset": PRESETS,
    "audit_source": SOURCES,
    "audit_assigned": ASSIGNED,
    "audit_left_out": LEFT_OUT,
    "audit_stratum": STRATA,
    "audit_flip_test": FLIP_TESTS,
    "drawn": DRAWN,
}


def filters(translate: Callable[[str], str]) -> dict[str, Callable[[str], str]]:
    """`name|audit_metric` and the like, in one language; a name without an entry is shown as it is."""

    def named(table: Mapping[str, str]) -> Callable[[str], str]:
        return lambda name: translate(table[name]) if name in table else str(name)

    return {name: named(table) for name, table in TABLES.items()}
