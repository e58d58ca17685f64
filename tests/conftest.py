"""Checks every annotated shape and type of the core while the tests run."""

from jaxtyping import install_import_hook

# Compiled by numba as it is written: loaded before the checks that would be woven into it.
import kpnerf.core.render.kernels
import kpnerf.core.render.ray_kernels  # noqa: F401

from . import runtime_types

# Installed before any test module imports the core, or the modules would be loaded unchecked.
install_import_hook("kpnerf.core", f"{runtime_types.__name__}.checked")
