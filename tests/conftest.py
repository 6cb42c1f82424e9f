"""What every test may count on: no network, no telemetry, a terminal of known width."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["COLUMNS"] = "100"

# A busy machine is no failure; examples that hang are ended by the suite's own limit.
settings.register_profile("whence", deadline=None)
settings.load_profile("whence")
