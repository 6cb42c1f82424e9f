"""Values per group and gaps, against hand counts, brute force, fairlearn and AIF360."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.audit.data.values import Reason, Rows
from app.audit.measures import measures, ranking
from app.audit.measures.metrics import METRICS, metric
from tests.audit_rows import named, overlapping, partition, rows

EXACT = 1e-12


def test_rates_of_a_hand_counted_group() -> None:
    """Four rows in the group: one hit, one miss, one false alarm, one correct rejection."""
    made = Rows(np.array([0.9, 0.1, 0.8, 0.2, 0.9]), np.array([True, True, False, False, True]))
    inside = np.array([[True], [True], [True], [True], [False]])
    found = {name: float(measures.per_group(made, measure, inside)[0]) for name, measure in METRICS.items()}
    brier = (0.1**2 + 0.9**2 + 0.8**2 + 0.2**2) / 4

    assert found.pop("scoring_rate") == 0.25  # of the four only .9 lies above the median of all five, .8
    assert {found[name] for name in found if name.endswith("_rate") or "value" in name} == {0.5}
    assert found["accuracy"] == found["prevalence"] == 0.5
    assert found["brier"] == pytest.approx(brier, abs=EXACT)
    assert measures.f1(made, inside)[0] == measures.macro_f1(made, inside)[0] == 0.5


def test_a_denominator_of_nothing_is_null_with_a_reason() -> None:
    """fairlearn would say 0 and AIF360 nan; here nothing is said, and why."""
    made = Rows(np.full(40, 0.9), np.ones(40, dtype=bool))
    inside = np.ones((40, 1), dtype=bool)
    reasons = {
        name: measures.figures(made, metric(name), inside)[0].reason
        for name in ("false_positive_rate", "false_omission_rate", "true_positive_rate")
    }

    assert reasons == {
        "false_positive_rate": Reason.NO_NEGATIVES,
        "false_omission_rate": Reason.NO_UNSELECTED,
        "true_positive_rate": None,
    }
    assert measures.difference([np.nan, 0.5]) is None
    assert measures.ratio([0.0, 0.0]) is None


def test_few_rows_are_suppressed_and_counted() -> None:
    """Below ten rows no rate is shown; n is."""
    made = rows(30, np.random.default_rng(0))
    inside = np.stack([np.arange(30) < 9, np.arange(30) < 20, np.arange(30) < 30], axis=1)
    small, thin, enough = measures.figures(made, metric("selection_rate"), inside)

    assert (small.value, small.n, small.reason) == (None, 9, Reason.TOO_FEW)
    assert thin.value is not None
    assert (thin.reason, enough.reason) == (Reason.THIN, None)


def brute(negatives: np.ndarray, positives: np.ndarray) -> float:
    """All pairs, one by one."""
    if not len(negatives) or not len(positives):
        return float("nan")
    wins = (positives[:, None] > negatives).sum() + 0.5 * (positives[:, None] == negatives).sum()
    return float(wins / len(negatives) / len(positives))


@pytest.mark.parametrize("seed", range(20))
def test_bias_aucs_are_the_count_over_all_pairs(seed: int) -> None:
    """With ties, with rows in several groups and in none."""
    rng = np.random.default_rng(seed)
    made = rows(160, rng, prevalence=rng.uniform(0.1, 0.9), ties=True)
    members = named(rng.random((160, 5)) < rng.uniform(0.02, 0.6))
    found = ranking.bias_aucs(made, members)
    y, s = made.labels, made.scores
    assert y is not None
    for g, inside in enumerate(members.inside.T):
        own, other = inside, ~inside
        expected = {
            "auc": brute(s[own & ~y], s[own & y]),
            "bpsn_auc": brute(s[own & ~y], s[other & y]),
            "bnsp_auc": brute(s[other & ~y], s[own & y]),
            "negative_aeg": 0.5 - brute(s[own & ~y], s[other & ~y]),
            "positive_aeg": 0.5 - brute(s[own & y], s[other & y]),
        }

        assert {name: found[name][g] for name in found} == pytest.approx(expected, abs=EXACT, nan_ok=True)


def test_the_sign_of_an_average_equality_gap() -> None:
    """Above 0: the group is scored higher than its background."""
    made = Rows(np.array([0.9, 0.8, 0.2, 0.1]), np.zeros(4, dtype=bool))
    members = named(np.array([[True], [True], [False], [False]]))

    assert ranking.bias_aucs(made, members)["negative_aeg"][0] == 0.5


def test_power_mean_leans_to_the_worst() -> None:
    """With p = −5 the mean of .5 and 1 is ((2⁵ + 1)/2)^(−1/5)."""
    assert ranking.power_mean([0.5, 1.0]) == pytest.approx(((2**5 + 1) / 2) ** -0.2, abs=EXACT)
    assert ranking.power_mean([np.nan, 0.7]) == pytest.approx(0.7)
    assert ranking.power_mean([0.0, 1.0]) == 0
    assert ranking.power_mean([np.nan]) is None


def test_the_jigsaw_score_is_its_four_quarters() -> None:
    """¼ of the area over everything and ¼ of each power mean."""
    rng = np.random.default_rng(4)
    made, members = rows(300, rng), overlapping(3, 100, rng)
    areas = ranking.bias_aucs(made, members)
    parts = [np.mean(areas[name] ** -5.0) ** -0.2 for name in ("auc", "bpsn_auc", "bnsp_auc")]
    expected = (roc_auc_score(made.labels, made.scores) + sum(parts)) / 4

    assert ranking.jigsaw_score(made, members) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("seed", range(20))
def test_shared_measures_agree_with_fairlearn(seed: int) -> None:
    """On partitions whose every denominator is above 0, the only case in which both define them."""
    assert fairlearn_disagreement(seed) <= EXACT


def fairlearn_disagreement(seed: int) -> float:
    """The largest difference to fairlearn on one random data set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fairlearn.metrics as peer
    rng = np.random.default_rng(seed)
    groups, size = int(rng.integers(2, 8)), int(rng.integers(20, 120))
    made, members = rows(groups * size, rng, prevalence=rng.uniform(0.2, 0.8)), partition(groups, size)
    of = np.repeat(np.arange(groups), size)
    y, said = np.asarray(made.labels, dtype=int), made.selected.astype(int)
    values = {name: measures.per_group(made, measure, members.inside) for name, measure in METRICS.items()}
    if any(np.isnan(found).any() for found in values.values()):
        return 0.0
    true, false, chosen = values["true_positive_rate"], values["false_positive_rate"], values["selection_rate"]
    whole = measures.overall(made, metric("selection_rate"))
    frame = peer.MetricFrame(
        metrics={
            "true_positive_rate": peer.true_positive_rate,
            "false_positive_rate": peer.false_positive_rate,
            "true_negative_rate": peer.true_negative_rate,
            "false_negative_rate": peer.false_negative_rate,
            "selection_rate": peer.selection_rate,
        },
        y_true=y,
        y_pred=said,
        sensitive_features=of,
    ).by_group
    asked = {"sensitive_features": of}
    pairs = [
        (measures.difference(chosen), peer.demographic_parity_difference(y, said, **asked)),
        (measures.ratio(chosen), peer.demographic_parity_ratio(y, said, **asked)),
        (
            measures.to_overall(chosen, whole),
            peer.demographic_parity_difference(y, said, method="to_overall", **asked),
        ),
        (measures.difference(true), peer.equal_opportunity_difference(y, said, **asked)),
        (measures.equalised_odds_difference(true, false), peer.equalized_odds_difference(y, said, **asked)),
        (
            measures.equalised_odds_difference(true, false, aggregate="mean"),
            peer.equalized_odds_difference(y, said, agg="mean", **asked),
        ),
        *((values[name][g], frame[name][g]) for name in frame.columns for g in range(groups)),
    ]
    return max(abs(float(ours or 0.0) - float(theirs)) for ours, theirs in pairs)


@pytest.mark.parametrize("seed", range(5))
def test_shared_measures_agree_with_aif360(seed: int) -> None:
    """Rates, predictive values and the average odds difference of two groups."""
    assert aif360_disagreement(seed) <= EXACT


def aif360_disagreement(seed: int) -> float:
    """The largest difference to AIF360 on one random data set of two groups."""
    import logging

    logging.disable(logging.WARNING)  # it says on import which other packages it could use
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from aif360.datasets import BinaryLabelDataset
        from aif360.metrics import ClassificationMetric
    logging.disable(logging.NOTSET)
    rng = np.random.default_rng(seed)
    size = int(rng.integers(30, 150))
    made, members = rows(2 * size, rng, prevalence=rng.uniform(0.2, 0.8)), partition(2, size)
    values = {name: measures.per_group(made, measure, members.inside) for name, measure in METRICS.items()}
    if any(np.isnan(found).any() for found in values.values()):
        return 0.0
    of = np.repeat([0.0, 1.0], size)

    def table(labels: np.ndarray) -> object:
        frame = pd.DataFrame({"group": of, "label": np.asarray(labels, dtype=float)})
        return BinaryLabelDataset(df=frame, label_names=["label"], protected_attribute_names=["group"])

    assert made.labels is not None
    peer = ClassificationMetric(
        table(made.labels),
        table(made.selected),
        unprivileged_groups=[{"group": 0.0}],
        privileged_groups=[{"group": 1.0}],
    )
    names = [name for name in METRICS if name.endswith(("_rate", "_value")) and name != "scoring_rate"]
    pairs = [(values[name][g], getattr(peer, name)(privileged=bool(g))) for name in names for g in range(2)]
    rates = values["true_positive_rate"], values["false_positive_rate"]
    odds = measures.average_odds_difference(*rates, reference=(rates[0][1], rates[1][1]))
    pairs += [
        (odds[0], peer.average_odds_difference()),
        (values["selection_rate"][0] - values["selection_rate"][1], peer.statistical_parity_difference()),
        (values["accuracy"][0], peer.accuracy(privileged=False)),
    ]
    return max(abs(float(ours) - float(theirs)) for ours, theirs in pairs)


def test_dixons_sums_are_counted_by_hand() -> None:
    """FPED and FNED add up the distances of all groups to the rate over all rows."""
    assert measures.summed_to_overall([0.1, 0.4, np.nan], 0.2) == pytest.approx(0.3)
    assert measures.impact_ratios([0.2, 0.4, np.nan]).tolist() == pytest.approx([0.5, 1.0, np.nan], nan_ok=True)
