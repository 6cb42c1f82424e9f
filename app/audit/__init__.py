"""Audits of a text classifier for bias between groups. The library part needs numpy and scipy, no web and no torch;
it is imported where jobs run and by the command line, never by pages (they read what a run has stored).

| module | what it offers |
|---|---|
| `values` | `Rows(scores, labels, threshold, clusters)`, `Figure`, `Interval`, `Reason` (why a number is null) |
| `groups` | `Membership`, `from_columns`, `from_mentions`, `.against("no_group")`, `intersections`, `small_groups` |
| `lexicon` | `Lexicon.load("en")`, `parse(text)`, `.find(text)`, `.membership(texts)` |
| `metrics`, `measures` | `METRICS`, `RANKINGS`; `figures`, `per_group`, `difference`, `ratio`, `impact_ratios` (2.1) |
| `ranking` | `bias_aucs`, `subgroup_aucs`, `power_mean`, `jigsaw_score` (2.3) |
| `calibration` | `calibration(rows, inside)`: error, what perfect calibration would show, offset (2.4) |
| `counterfactuals` | `Pairs`; `flips`, `effect_matrix`, `token_fairness_gap`, `share_moved`, `spread_per_text` (2.5) |
| `templates` | `frames`, `fill`, `identity_effects` (2.6) |
| `functional` | `cases_of`, `accuracies`, `headline` (HateCheck's form) |
| `attribution` | `identity_share`, `identity_lift`, `identity_push`, `word_classes`, `class_sums` (2.7) |
| `decomposition` | `decompose(Side, Side)`, `word_table`, `causal_check`, `agreement` (2.7) |
| `findings`, `comparison` | `Family(metrics, …)`, `compare(rows, membership, family)`, `compare_values` (2.10) |
| `swaps` | `english.swap`, `chinese.swap`: swapped texts with every replacement as (start, end, from, to, rule) |
| `statistics` | intervals, exact and permutation tests, q-values, detectable gaps, verdicts, bootstrap, areas |

A run makes `Rows` and a `Membership`, declares a `Family`, and calls `compare`; all else gives further tables.
"""
