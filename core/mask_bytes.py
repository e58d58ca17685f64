"""Masks kept as one byte a pixel, handed out as numbers from 0 to 1.

A history holds a mask for every stroke of a brush, of which one or two are looked at; as float32 each of them would
take a third more than its photo. Values are steps of 1/255, so that nothing is lost. As long as anybody holds the
numbers of some bytes, the same bytes give the same array: what was made of a mask is found again by its identity.
"""

import threading
import weakref
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

_lock = threading.RLock()  # a reference may be dropped, and call back, in the middle of anything
_numbers: dict[int, "weakref.ref[np.ndarray]"] = {}
"""By identity of the bytes."""
_bytes: dict[int, UInt8[np.ndarray, "h w"]] = {}
"""By identity of the numbers; keeps the bytes of numbers that somebody holds."""


class MaskField:
    """A field of a frozen dataclass that takes and gives numbers, and keeps bytes; `bytes_of` shows those."""

    def __init__(self, optional: bool) -> None:
        self._optional = optional
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Float[np.ndarray, "h w"] | None:
        if instance is None:  # what dataclasses take for the default
            if self._optional:
                return None
            raise AttributeError(self._name)
        kept = vars(instance)[self._name]
        return None if kept is None else as_numbers(kept)

    def __set__(self, instance: object, value: Float[np.ndarray, "h w"] | None) -> None:
        vars(instance)[self._name] = None if value is None else as_bytes(value)


def mask_field(*, optional: bool = False) -> Any:
    """A `MaskField`; an optional one is None unless it is given."""
    return MaskField(optional)


def bytes_of(instance: object, name: str) -> UInt8[np.ndarray, "h w"] | None:
    """What a `MaskField` of this name keeps: the same object for all that share the mask."""
    return vars(instance)[name]


def as_bytes(numbers: Float[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Numbers from 0 to 1, which are rounded to steps of 1/255; the very bytes that they were made of, if they were."""
    with _lock:
        known = _bytes.get(id(numbers))
    if known is not None:
        return known
    steps = np.round(np.clip(numbers, 0, 1) * 255).astype(np.uint8)
    steps.flags.writeable = False
    return steps


def as_numbers(steps: UInt8[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The inverse of `as_bytes`, read-only float32."""
    with _lock:
        reference = _numbers.get(id(steps))
        known = None if reference is None else reference()
        if known is not None:
            return known
        numbers = steps.astype(np.float32) / np.float32(255)
        numbers.flags.writeable = False
        key, of_bytes = id(numbers), id(steps)

        def forget(_: object) -> None:
            with _lock:
                if _numbers.get(of_bytes) is reference_to:
                    del _numbers[of_bytes]
                _bytes.pop(key, None)

        reference_to = weakref.ref(numbers, forget)
        _numbers[of_bytes], _bytes[key] = reference_to, steps
        return numbers
