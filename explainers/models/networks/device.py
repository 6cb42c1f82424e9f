"""Where a model computes: on the processor, or on a CUDA device by the same code.

A network is placed once, when it is loaded. What a method gives it are arrays, which `Network.tensor` and
`Rows.arguments` put beside it; `to_array` is the one way back.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch

from ...errors import Incompatible

Array = np.ndarray[Any, np.dtype[Any]]


def device_named(name: str) -> torch.device:
    """auto (a CUDA device where torch sees one, else the processor), cpu, cuda or cuda:n. Raises Incompatible."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not count):
        return torch.device("cpu")
    kind, _, number = name.partition(":")
    if (kind != "cuda" and name != "auto") or (number and not number.isdecimal()):
        raise Incompatible(f"no device is called {name!r}; choose auto, cpu, cuda or cuda:n")
    if int(number or 0) >= count:
        raise Incompatible(f"the device {name} is not there: torch sees {count} CUDA devices; choose auto or cpu")
    return torch.device("cuda", int(number or 0))


def placed(network: Any, device: torch.device) -> Any:
    """The network on its device. On CUDA with algorithms that give the same bits again, where there are such."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS has none
        torch.use_deterministic_algorithms(True, warn_only=True)
    return network.to(device)


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 products are an instruction there; elsewhere they are emulated and slower than fp32."""
    if device.type != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return any(bool(able.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def to_array(tensor: torch.Tensor) -> Array:
    """On the processor, without gradient, of the same type."""
    found: Array = tensor.detach().cpu().numpy()
    return found
