"""Checks every annotated shape and type of the core while the tests run."""

import importlib.util

from jaxtyping import install_import_hook

# Compiled by numba as it is written: loaded before the checks that would be woven into it.
import kpnerf.core.render.kernels
import kpnerf.core.render.pixel_kernels
import kpnerf.core.render.ray_kernels

from . import runtime_types

# So it is with Triton, where there is one.
if importlib.util.find_spec("triton"):
    import kpnerf.core.render.triton_colour
    import kpnerf.core.render.triton_geometry
    import kpnerf.core.render.triton_march
    import kpnerf.core.render.triton_points  # noqa: F401

# Installed before any test module imports the core, or the modules would be loaded unchecked.
install_import_hook("kpnerf.core", f"{runtime_types.__name__}.checked")
