"""A small data set of our own words, to try the pages with: reviews with a label and what they are about."""

from __future__ import annotations

from pathlib import Path

from .reading.schemas import Mapping

DEMO = Path(__file__).parent / "demo.csv"
DEMO_NAME = "Demo reviews"
DEMO_MAPPING = Mapping(text="text", label="label", groups=("about", "form"))
