"""The one door from app to explainers: siblings in a checkout, both below whence/ in the wheel."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__ == "app":
    import explainers as explainers
else:
    explainers = import_module("..explainers", __package__)
