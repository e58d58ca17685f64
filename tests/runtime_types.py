"""How annotations are checked while tests run: shapes by jaxtyping, everything else by beartype."""

from types import CodeType

from beartype import BeartypeConf, beartype

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))
_known: dict[int, CodeType] = {}


def checked(checkable):
    """A function or class of the core, checked from now on; a whole number is accepted where a float is asked for.

    A function within another is a new one whenever that is called, and would take longer to be prepared than to run:
    it is the first of them that is checked.
    """
    code = getattr(checkable, "__code__", None)
    if code is not None:
        if id(code) in _known:
            return checkable
        _known[id(code)] = code  # kept, or its number might become another's
    return _beartype(checkable)
