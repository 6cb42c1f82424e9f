"""Planted truth: models trained on data whose deciding words are known, and how well each method finds them."""
