"""How annotations are checked while tests run: shapes by jaxtyping, everything else by beartype."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""A whole number is accepted where a float is asked for, as type checkers do."""
