"""Where bfloat16 pays."""

import torch
from torch import Tensor

ROW_STEP = 256
"""Rows of a batch are padded to a multiple of this: matrix kernels are made anew for every shape they have not met,
which for a few thousand rows takes as long as the product."""


def fast_arithmetic(device: torch.device) -> torch.autocast:
    """bfloat16 for convolutions and matrix products where the hardware multiplies it faster than float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=_multiplies_bfloat16(device))


def _multiplies_bfloat16(device: torch.device) -> bool:
    return device.type == "cuda" or (device.type == "cpu" and _cpu_multiplies_bfloat16())


def _cpu_multiplies_bfloat16() -> bool:
    # Private, and absent from some builds: without it float32 is right everywhere.
    ask = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(ask and ask())


def padded(rows: Tensor) -> Tensor:
    """A tensor whose last row is repeated up to the next multiple of `ROW_STEP`; the caller drops the surplus."""
    surplus = -len(rows) % ROW_STEP
    return torch.cat([rows, rows[-1:].expand(surplus, *rows.shape[1:])]) if surplus and len(rows) else rows
