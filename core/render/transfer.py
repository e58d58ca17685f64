"""Pictures from the device that made them to where windows and files take them from."""

import numpy as np
import torch
from torch import Tensor


def to_host(*tensors: Tensor) -> tuple[np.ndarray, ...]:
    """Arrays with the values of tensors; those of a GPU are copied, those of the processor share their memory.

    A GPU copies into pinned memory by itself, and what is waited for is this copy, by an event: not the rest of the
    device's work, and not in a busy loop. torch keeps pinned memory for the next pictures when the arrays are gone.
    """
    if not any(tensor.is_cuda for tensor in tensors):
        return tuple(tensor.detach().cpu().numpy() for tensor in tensors)
    with torch.cuda.device(tensors[0].device):
        there = [tensor.detach().contiguous() for tensor in tensors]
        here = [torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True) for tensor in there]
        for source, target in zip(there, here, strict=True):
            target.copy_(source, non_blocking=True)
        copied = torch.cuda.Event(blocking=True)
        copied.record()
        copied.synchronize()
    return tuple(tensor.numpy() for tensor in here)
