"""EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946; Lite variants of 2020): convolutions, padded as TensorFlow does.

The one library that has it needs torchvision, whose wheels need the CUDA build of torch (docs/decisions/0026). Names of
weights are those of the file without their leading underscores.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-3  # of batch norms
STEM, HEAD = 32, 1280  # channels
BLOCKS = (  # repeats, channels, stride, side of the kernel, expansion
    (1, 16, 1, 3, 1),
    (2, 24, 2, 3, 6),
    (2, 40, 2, 5, 6),
    (3, 80, 2, 3, 6),
    (3, 112, 1, 5, 6),
    (4, 192, 2, 5, 6),
    (1, 320, 1, 3, 6),
)


class Same(nn.Conv2d):
    """A convolution without bias whose output has ⌈side / stride⌉ pixels: what is lacking is padded below and right."""

    def __init__(self, inside: int, outside: int, side: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inside, outside, side, stride=stride, groups=groups, bias=False)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        lacking = []
        for length, side, step in zip(given.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            missing = max(0, (-(-length // step) - 1) * step + side - length)
            lacking += [missing // 2, missing - missing // 2]
        return super().forward(functional.pad(given, lacking))


class Block(nn.Module):
    """An inverted residual: widen, convolve each channel alone, narrow."""

    def __init__(self, inside: int, outside: int, *, stride: int, side: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        if expansion != 1:
            self.expand_conv: Same | None = Same(inside, wide, 1)
            self.bn0: nn.BatchNorm2d | None = nn.BatchNorm2d(wide, eps=EPSILON)
        else:
            self.expand_conv = self.bn0 = None
        self.depthwise_conv = Same(wide, wide, side, stride=stride, groups=wide)
        self.bn1 = nn.BatchNorm2d(wide, eps=EPSILON)
        self.project_conv = Same(wide, outside, 1)
        self.bn2 = nn.BatchNorm2d(outside, eps=EPSILON)
        self.skips = stride == 1 and inside == outside

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        states = given
        if self.expand_conv is not None and self.bn0 is not None:
            states = functional.relu6(self.bn0(self.expand_conv(states)))
        states = functional.relu6(self.bn1(self.depthwise_conv(states)))
        states = self.bn2(self.project_conv(states))
        narrowed: torch.Tensor = given + states if self.skips else states
        return narrowed


class EfficientNetLite0(nn.Module):
    """Pictures (rows, 3, side, side) → logits, called as transformers' classifiers are."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.conv_stem = Same(3, STEM, 3, stride=2)
        self.bn0 = nn.BatchNorm2d(STEM, eps=EPSILON)
        blocks, inside = [], STEM
        for repeats, channels, stride, side, expansion in BLOCKS:
            for number in range(repeats):
                step = stride if number == 0 else 1
                blocks.append(Block(inside, channels, stride=step, side=side, expansion=expansion))
                inside = channels
        self.blocks = nn.ModuleList(blocks)
        self.conv_head = Same(inside, HEAD, 1)
        self.bn1 = nn.BatchNorm2d(HEAD, eps=EPSILON)
        self.fc = nn.Linear(HEAD, config.num_labels)

    def forward(self, pixel_values: torch.Tensor) -> SimpleNamespace:
        states = functional.relu6(self.bn0(self.conv_stem(pixel_values)))
        for block in self.blocks:
            states = block(states)
        states = functional.relu6(self.bn1(self.conv_head(states)))
        return SimpleNamespace(logits=self.fc(states.mean(dim=(2, 3))), attentions=())
