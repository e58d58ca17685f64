"""How annotations are checked while tests run: shapes by jaxtyping, everything else by beartype."""

from collections.abc import Callable

from beartype import BeartypeConf, beartype

_checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""A whole number is accepted where a float is asked for, as type checkers do."""
_within: dict[tuple[object, ...], Callable] = {}
"""Of functions that are defined in others."""


def checked(signature: Callable) -> Callable:
    """What jaxtyping asks to check calls: given a function that has the parameters of one of ours and does nothing.

    A function within another is made anew whenever that one is called, with the same parameters: what checks them is
    made once, because that takes longer than most of these functions run.
    """
    if "<locals>" not in signature.__qualname__:
        return _checked(signature)
    parameters = signature.__code__.co_varnames, repr(signature.__annotations__)
    key = (signature.__module__, signature.__qualname__, *parameters)
    if key not in _within:
        _within[key] = _checked(signature)
    return _within[key]
