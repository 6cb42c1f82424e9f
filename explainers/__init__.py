from .models.base_weights import SHA256 as BASE_SHA256
from .models.base_weights import base_folder as base_folder

__all__ = ["BASE_SHA256", "base_folder"]
