"""What pictures ask of photos at points, on a GPU: are they in the visual hull, and which colour do mixtures make."""

import triton
import triton.language as tl

from .triton_reading import CAMERA, CHANGING, bilinear, corner, is_contained, read_value, sight, triple


@triton.jit
def is_in_hull(cameras, masks, views, height, width, px, py, pz, asked):
    """Twin: `kernels.is_in_hull`."""
    seen = asked & (px != px)  # nowhere yet
    beside = seen
    contained = is_contained(cameras, views, px, py, pz)
    for view in range(views):
        camera = cameras + view * CAMERA
        u, v, _, say = sight(camera, contained, px, py, pz)
        visible = (say > 0.0) & asked
        index, fx, fy = corner(camera, u, v, height, width)
        mask = read_value(masks + view * height * width, index, fx, fy, width, visible)
        seen = seen | visible
        beside = beside | (visible & (mask <= 0.1))
    return seen & (beside == 0)


@triton.jit(do_not_specialize=CHANGING)
def in_hull(
    points, count, cameras, masks, hull, views, height, width, POINTS: tl.constexpr,
):  # fmt: skip
    """hull (n,), one byte each: whether points lie inside the visual hull; masks (v, h, w)."""
    at = tl.program_id(0) * POINTS + tl.arange(0, POINTS)
    real = at < count
    px, py, pz = triple(points, at, real)
    inside = is_in_hull(cameras, masks, views, height, width, px, py, pz, real)
    tl.store(hull + at, inside.to(tl.int8), mask=real)


@triton.jit(do_not_specialize=CHANGING)
def blend(
    points, count, cameras, images, mixtures, rgb, views, height, width, POINTS: tl.constexpr
):  # fmt: skip
    """rgb (n, 3) of points (n, 3) whose mixtures (n, v + 3) are known; images (v, h, w, 3)."""
    at = tl.program_id(0) * POINTS + tl.arange(0, POINTS)
    real = at < count
    px, py, pz = triple(points, at, real)
    channel = tl.arange(0, 4)
    wanted = real[:, None] & (channel < 3)[None, :]
    row = mixtures + at * (views + 3)
    found = tl.load(row[:, None] + views + channel[None, :], mask=wanted, other=0.0)
    contained = is_contained(cameras, views, px, py, pz)
    for view in range(views):
        share = tl.load(row + view, mask=real, other=0.0)
        # A photo that has no part in a point is not read.
        taken = share > 1e-4
        u, v, _, _ = sight(cameras + view * CAMERA, contained, px, py, pz)
        index, fx, fy = corner(cameras + view * CAMERA, u, v, height, width)
        pixel = images + view * height * width * 3 + index[:, None] * 3 + channel[None, :]
        read = bilinear(pixel, 3, 3 * width, fx[:, None], fy[:, None], wanted & taken[:, None])
        found += share[:, None] * read
    tl.store(rgb + 3 * at[:, None] + channel[None, :], found, mask=wanted)
