"""A device that only pretends: tensors that say they are elsewhere while their numbers stay on the processor.

Whatever a graphics card would refuse is refused (tensors of two devices in one operation, `numpy()`), and whatever
makes a processor wait for it is counted: numbers and masks that decide what happens next, copies back. So code meant
for a graphics card can be run where there is none. For a process of its own: `install` changes torch.
"""

import collections
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

NAME = "pretended"
CORE = Path(__file__).parents[3] / "core"
COPIES = ("aten::copy_", "aten::_to_copy")
INDEXED = ("aten::index", "aten::index_put_", "aten::index_put", "aten::_index_put_impl_")
"""Operations that take indices from the processor too."""
READS_A_NUMBER = ("aten::_local_scalar_dense", "aten::item")

waits: collections.Counter[str] = collections.Counter()
"""How often the processor had to wait, by what it was and where in the core."""


def install() -> torch.device:
    """The device; after this `torch.inference_mode` is `torch.no_grad`, which such tensors need."""
    from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

    class Module(_DummyBackendModule):  # type: ignore[misc]
        def get_amp_supported_dtype(self) -> list[torch.dtype]:
            return [torch.bfloat16]

    _setup_privateuseone_for_python_backend(NAME, backend_module=Module())
    # Literals are made on the processor and moved, which can be seen from here.
    torch._C._set_only_lift_cpu_tensors(True)
    torch.inference_mode = torch.no_grad  # type: ignore[misc, assignment]
    return torch.device(NAME, 0)


class Elsewhere(torch.Tensor):
    """A tensor on the pretended device; `held` has its numbers."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "Elsewhere":
        """A twin of `held`, on the same memory."""
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device(NAME, 0),
        )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Of operations below the mode."""
        return _run(func, args, kwargs or {})


class Pretending(TorchDispatchMode):
    """While active, what is made on the device is made there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Of all operations."""
        return _run(func, args, kwargs or {})


def _run(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    tensors: list[torch.Tensor] = []

    def held(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            tensors.append(value)
        if isinstance(value, torch.device):
            return torch.device("cpu")
        return value.held if isinstance(value, Elsewhere) else value

    asked = kwargs.get("device")
    unwrapped, named = tree_map(held, args), tree_map(held, kwargs)
    name = func.name().split(".")[0]  # type: ignore[attr-defined]
    away = [tensor for tensor in tensors if isinstance(tensor, Elsewhere)]
    here = [tensor for tensor in tensors if not isinstance(tensor, Elsewhere) and tensor.ndim > 0]
    if away and here and name not in COPIES + INDEXED:
        raise RuntimeError(f"{name} takes tensors of two devices: {[(t.device.type, tuple(t.shape)) for t in tensors]}")
    if name in INDEXED and away and not isinstance(tensors[0], Elsewhere):
        raise RuntimeError(f"{name} on the processor takes indices of the device")
    to_device = torch.device(asked).type == NAME if asked is not None else bool(away)
    if name == "aten::copy_":
        to_device = isinstance(tensors[0], Elsewhere)
    masked = name in INDEXED and any(t.dtype == torch.bool for t in tensors[1:])
    if away and (name in READS_A_NUMBER or name in ("aten::nonzero", "aten::masked_select") or masked):
        _wait(name)
    elif away and name in COPIES and not to_device:
        _wait("copy to the processor")
    result = func(*unwrapped, **named)
    if not to_device:
        return result

    def wrap(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        known = [tensor for tensor in away if tensor.held is value]
        return known[0] if known else Elsewhere(value)

    return tree_map(wrap, result)


def _wait(why: str) -> None:
    frame = sys._getframe(1)
    while frame.f_back is not None and not Path(frame.f_code.co_filename).is_relative_to(CORE):
        frame = frame.f_back
    waits[f"{why} in {Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"] += 1
