"""Compares the fused kernels with their plain twins, and prints the differences as JSON (see `test_triton_kernels`).

    python -m tests.core.render.fused_cases interpreted      on the processor, in float32, few points
    python -m tests.core.render.fused_cases device           on the graphics card, in bfloat16 and float32, many
    python -m tests.core.render.fused_cases compiled         nothing: compiles every kernel, on any machine

A process of its own: Triton decides when it is imported whether kernels are compiled or interpreted, and the checks
that are woven into the core under test would be woven into them.
"""

import json
import os
import sys
import warnings
from typing import Any

INTERPRETED = __name__ == "__main__" and sys.argv[1] == "interpreted"
if INTERPRETED:
    os.environ["TRITON_INTERPRET"] = "1"
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import fields, is_dataclass, replace  # noqa: E402

import torch  # noqa: E402

from kpnerf.core.keypoints import HEAD  # noqa: E402
from kpnerf.core.model import precision  # noqa: E402
from kpnerf.core.model.keypoint_nerf import KeypointNeRF  # noqa: E402
from kpnerf.core.model.pyramid import PyramidEncoder  # noqa: E402
from kpnerf.core.model.views import EncodedViews  # noqa: E402
from kpnerf.core.render import fused, grids  # noqa: E402
from kpnerf.core.render.field import Field  # noqa: E402
from kpnerf.core.render.fused import FusedField  # noqa: E402
from kpnerf.core.render.grid import DensityGrid, Lattice, hull_of  # noqa: E402
from kpnerf.core.render.march import STEP, THIN, march  # noqa: E402
from kpnerf.core.render.painting import CameraRays  # noqa: E402
from kpnerf.core.render.renderer import Renderer, RenderRequest  # noqa: E402

from ..model import scene  # noqa: E402

YAWS = {1: (0.2,), 2: (-0.5, 0.5), 3: (-0.5, 0.0, 0.5), 8: tuple(-0.9 + 0.25 * view for view in range(8))}


INTEGERS = """count views again height width low_height low_width fine_height fine_width nodes_z nodes_y nodes_x
blocks_y blocks_x steps"""
TYPES = (
    dict.fromkeys(INTEGERS.split(), "i32")
    | dict.fromkeys(["fall", "spacing", "step", "scale", "thin", "black", "faint"], "fp32")
    | dict.fromkeys(["low", "high"], "*bf16")
    | {"blocks": "*u8", "samples": "*u8", "hull": "*i8"}
)
"""Of the kernels' arguments that are no pointers to float32."""


def moved(value: Any, device: torch.device) -> Any:
    """A tensor, or the tensors of a dataclass, on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if not is_dataclass(value):
        return value
    return replace(value, **{field.name: moved(getattr(value, field.name), device) for field in fields(value)})


def asked(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points, most of them round the head and some beyond every photo or behind the cameras, and directions."""
    random = torch.Generator().manual_seed(1)
    points = 0.12 * torch.randn(count, 3, generator=random)
    points[::7] *= 15
    return points, torch.nn.functional.normalize(torch.randn(count, 3, generator=random), dim=-1)


def encoded_of(model: KeypointNeRF, views: int) -> EncodedViews:
    """Photos, all cut below, one of them on the left as well: some points are in no photo, some below all."""
    source = scene.source(YAWS[views])
    source.bounds[:, 3] = 40.0
    source.bounds[views // 2, 0] = 30.0
    return model.encode(source)


def largest(a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest difference."""
    return float((a.float().cpu() - b.float().cpu()).abs().max())


def compared(device: torch.device, count: int, dtype: torch.dtype, views: int, **changes: bool) -> dict[str, float]:
    """Both fields' answers about the same points."""
    model = scene.network(3, **changes)
    encoded, keypoints = replace(encoded_of(model, views), expression=views // 2), scene.keypoints()
    points, directions = asked(count)
    plain = Field(model, encoded, keypoints)
    quick = FusedField(model.to(device), encoded.to(device), keypoints.to(device), dtype=dtype)
    found = quick.in_hull(points.to(device)), quick.raw_density(points.to(device))
    mixtures = quick.mixtures(points.to(device), directions.to(device)).cpu()
    model.cpu()
    raw, expected, hull = plain.raw_density(points), plain.mixtures(points, directions), plain.in_hull(points)
    sighting, _ = model.sight(encoded, points)
    photos = points[: count // 3 * 3].view(-1, 3, 3), expected[: count // 3 * 3].view(count // 3, 3, -1)
    return {
        "in_hull": float(hull.float().mean()),
        "unseen": float((sighting.say == 0).all(dim=0).float().mean()),
        "hull": float((found[0].cpu() != hull).float().mean()),
        "raw_scale": float(raw.std()),
        "raw": largest(found[1], raw),
        "raw_mean": float((found[1].cpu() - raw).abs().mean()),
        "mixtures": largest(mixtures, expected),
        "mixtures_mean": float((mixtures - expected).abs().mean()),
        "blend": largest(quick.blend(*(value.to(device) for value in photos)), plain.blend(*photos)),
    }


def marched(device: torch.device, size: int) -> dict[str, float]:
    """Rays through a soft ball that the hull cuts."""
    model = scene.network(3)
    encoded, keypoints = encoded_of(model, 3), scene.keypoints()
    field = Field.of(model, encoded, keypoints)
    lattice = Lattice.over(HEAD.box, 48, encoded.low)
    nodes = lattice.positions(lattice.everywhere())
    # Hard above, like fog below: rays with one point and with many.
    raw = torch.where(nodes[:, 1] < 0, 3000, 100) * (0.09 - nodes.norm(dim=-1))
    grid = DensityGrid.of(lattice, raw, hull_of(field, lattice), field, 0)
    rays = CameraRays(scene.camera(0.3, size), grid.raw)
    y, x = (c.reshape(-1) for c in torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij"))
    directions = rays.directions(y, x)
    expected = march(field, grid, HEAD.box, rays.origin, directions)
    quick = FusedField(model.to(device), encoded.to(device), keypoints.to(device), dtype=torch.float32)
    samples, alpha, distance, where = (
        value.cpu()
        for value in quick.march(
            moved(grid, device) if device.type != "cpu" else grid,
            HEAD.box,
            rays.origin.to(device),
            directions.to(device),
            STEP * lattice.spacing,
            THIN,
        )
    )
    both = (expected.alpha > 0.1) & (alpha > 0.1)
    alike = both & (samples == expected.samples)
    return {
        "hit": float(both.sum()),
        "kinds": float(len(samples[both].unique())),
        "alpha_mean": float((alpha - expected.alpha).abs().mean()),
        "distance_mean": float((distance - expected.distance)[both].abs().mean()),
        "alike": float(alike.sum() / both.sum()),
        "where": largest(where[alike], expected.where[alike]),
    }


def drawn(device: torch.device, size: int) -> dict[str, float]:
    """One picture by the whole renderer, here and there."""
    model = scene.network(3)
    encoded, keypoints = encoded_of(model, 3), scene.keypoints()
    for parameter in model.geometry_head.pooled[2].parameters():
        parameter += 0.2  # so that there is something to be seen
    request = RenderRequest(encoded, keypoints, HEAD.box, HEAD.box, scene.camera(0.3, size))
    expected = Renderer(model).render(request).rgba
    there = replace(request, encoded=encoded.to(device), keypoints=keypoints.to(device))
    picture = Renderer(model.to(device)).render(there).rgba
    return {"visible": float((expected[..., 3] > 0.5).mean()), "mean": float(abs(picture - expected).mean())}


def compiled() -> dict[str, dict[str, float]]:
    """Shared memory, bytes, of every kernel compiled for Ampere; what the compiler refuses it raises."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from kpnerf.core.render import triton_colour, triton_geometry, triton_march, triton_points

    columns = dict(KEYPOINT_COLUMNS=16, LOW_COLUMNS=64, HIGH_COLUMNS=32)
    geometry = dict(KEYPOINTS=13, LOW=PyramidEncoder.LOW, HIGH=PyramidEncoder.HIGH, POINTS=32) | columns
    many = dict(POINTS=fused.MANY_POINTS)
    found: dict[str, dict[str, float]] = {}
    for kernel, warps, constants in (
        (triton_geometry.geometry, fused.WARPS, dict(SMOOTH=True, CONFIDENCE=True, DENSITY=True, latent=None)),
        (triton_geometry.geometry, fused.WARPS, dict(SMOOTH=False, CONFIDENCE=False, DENSITY=False, raw=None)),
        (triton_colour.colour, fused.WARPS, dict(TEXTURE=8, PRIOR=True, VIEWS=4, POINTS=fused.FEW_POINTS)),
        (triton_colour.colour, fused.WARPS, dict(TEXTURE=8, PRIOR=False, VIEWS=2, POINTS=fused.FEW_POINTS)),
        (triton_points.in_hull, 4, many),
        (triton_points.blend, 4, many),
        (triton_march.march, 1, dict(BLOCK=4, RAYS=fused.RAYS)),
    ):
        own = kernel is triton_geometry.geometry
        constants = geometry | constants if own else constants
        names = kernel.arg_names
        types = {name: "constexpr" if name in constants else TYPES.get(name, "*fp32") for name in names}
        types |= {"matrices": "*bf16"} if own else {}
        source = ASTSource(kernel, types, constexprs={(names.index(name),): constants[name] for name in constants})
        options = {"num_warps": warps, "num_stages": 1}
        binary = triton.compile(source, target=GPUTarget("cuda", 80, 32), options=options)
        found[f"{kernel.fn.__name__} {len(found)}"] = {"shared": float(binary.metadata.shared)}
    return found


@torch.no_grad()
def main() -> None:
    """All cases."""
    found: dict[str, dict[str, float]] = {}
    if INTERPRETED:
        warnings.filterwarnings("ignore", "overflow encountered in exp")
        precision._cpu_multiplies_bfloat16 = lambda: False
        # One program for all points: what the interpreter takes time for is programs, not points.
        fused._points = lambda device: 128  # type: ignore[assignment]
        fused.FEW_POINTS = fused.MANY_POINTS = 128
        fused.RAYS = 256
        here = torch.device("cpu")
        for views in YAWS:
            found[f"{views} views"] = compared(here, 100, torch.float32, views)
        for change in ({"smooth": True}, {"view_confidence": False}, {"prior": False}):
            found[" ".join(change)] = compared(here, 40, torch.float32, 2, **change)
        found["march"] = marched(here, 16)
        fused._points = lambda device: 1024  # type: ignore[assignment]
        fused.FEW_POINTS, fused.MANY_POINTS = 1024, 4096
        grids.COARSE_NODES, grids.FINE_NODES = 12, 16  # type: ignore[misc]
        usual, made = Field.of, list[str]()

        def of(model: KeypointNeRF, encoded: EncodedViews, keypoints: torch.Tensor) -> Field:
            """The compiled field first, then the fused one."""
            made.append("")
            if len(made) == 1:
                return usual(model, encoded, keypoints)
            return FusedField(model, encoded, keypoints, dtype=torch.float32)

        Field.of = staticmethod(of)  # type: ignore[method-assign]
        found["picture"] = drawn(here, 16)
    elif sys.argv[1] == "compiled":
        found = compiled()
    else:
        precision._cpu_multiplies_bfloat16 = lambda: False
        there = torch.device("cuda", 0)
        for views in YAWS:
            found[f"{views} views"] = compared(there, 20_000, torch.bfloat16, views)
        found["float32"] = compared(there, 20_000, torch.float32, 3)
        found["march"] = marched(there, 96)
        found["picture"] = drawn(there, 64)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
