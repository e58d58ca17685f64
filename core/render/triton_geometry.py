"""The geometry head on a GPU, fused with all that prepares its input: one program, one block of points.

What torch does in dozens of operations with every intermediate in memory happens in registers here: read the maps where
each view sees a point, encode where it is, run the layers on the tensor cores, pool the views (twins:
`Field.raw_density` and the latent of `Field.mixtures`). Views are looped over inside; their mean and variance are kept
in Welford's way, so that no view's latent has to be stored. `kernel_weights.geometry_weights` and the order of reading
here are one list. Without a GPU this runs in Triton's interpreter.

Upper-case arguments are known when a kernel is compiled; a tile's sides are powers of two, at least 16 in products.
"""

import math

import triton
import triton.language as tl

from ..model import heads
from .triton_reading import (
    CAMERA,
    CHANGING,
    behind_surface,
    corner,
    is_contained,
    read_channels,
    read_value,
    sight,
    times,
    triple,
    vector,
    view_weight,
)

PI = tl.constexpr(math.pi)
HIDDEN, LATENT, COMPRESSED, WANTED = tl.constexpr(128), tl.constexpr(64), tl.constexpr(32), tl.constexpr(24)
"""Widths of the head as padded; colour wants the first 24 of the 32 compressed channels."""
BEHIND = tl.constexpr(16)
UNSEEN = tl.constexpr(heads.UNSEEN)


@triton.jit
def _activated(x, SMOOTH: tl.constexpr):
    if SMOOTH:  # twin: Softplus100
        bent = tl.log(1.0 + tl.exp(tl.minimum(100.0 * x, 20.0))) / 100.0
        return tl.where(100.0 * x > 20.0, x, bent)
    else:
        return tl.maximum(x, 0.0)


@triton.jit(do_not_specialize=CHANGING)
def geometry(
    points, count, cameras, low, high, depth, keypoints, keypoint_depth, matrices, vectors, raw, latent,
    fall, views, again, low_height, low_width, fine_height, fine_width,
    KEYPOINTS: tl.constexpr, LOW: tl.constexpr, HIGH: tl.constexpr,
    KEYPOINT_COLUMNS: tl.constexpr, LOW_COLUMNS: tl.constexpr, HIGH_COLUMNS: tl.constexpr,
    SMOOTH: tl.constexpr, CONFIDENCE: tl.constexpr, DENSITY: tl.constexpr, POINTS: tl.constexpr,
):  # fmt: skip
    """raw (n,) where DENSITY is wanted, otherwise latent (n, 24), of points (n, 3).

    cameras (v, 29), low (v, h, w, LOW), high (v, h, w, HIGH), depth (v, h, w), keypoints (k, 3),
    keypoint_depth (v, k); `fall` is -1 / 2 sigma², `again` zero.
    """
    at = tl.program_id(0) * POINTS + tl.arange(0, POINTS)
    real = at < count
    px, py, pz = triple(points, at, real)

    # What padded keypoints give meets rows of zeros.
    k = tl.arange(0, KEYPOINT_COLUMNS)
    known = k < KEYPOINTS
    dx = px[:, None] - tl.load(keypoints + 3 * k, mask=known, other=0.0)[None, :]
    dy = py[:, None] - tl.load(keypoints + 3 * k + 1, mask=known, other=0.0)[None, :]
    dz = pz[:, None] - tl.load(keypoints + 3 * k + 2, mask=known, other=0.0)[None, :]
    near = tl.exp((dx * dx + dy * dy + dz * dz) * fall)

    mean = tl.zeros([POINTS, LATENT], tl.float32)
    spread = tl.zeros([POINTS, LATENT], tl.float32)
    total = tl.zeros([POINTS], tl.float32)
    contained = is_contained(cameras, views, px, py, pz)
    piece: tl.constexpr = KEYPOINT_COLUMNS * HIDDEN
    for view in range(views):
        camera = cameras + view * CAMERA
        u, v, z, say = sight(camera, contained, px, py, pz)
        # A way of nothing that the compiler does not know: otherwise it would keep all weights for the next view, in
        # more shared memory than most graphics cards have.
        m, b = matrices + view * again, vectors + view * again

        x = z[:, None] - tl.load(keypoint_depth + view * KEYPOINTS + k, mask=known, other=0.0)[None, :]
        sine, cosine = tl.sin(x * PI), tl.cos(x * PI)
        hidden = vector(b, HIDDEN) + times(near * x, m, KEYPOINT_COLUMNS, HIDDEN)
        m += piece
        for _ in tl.static_range(3):
            hidden += times(near * sine, m, KEYPOINT_COLUMNS, HIDDEN)
            hidden += times(near * cosine, m + piece, KEYPOINT_COLUMNS, HIDDEN)
            m += 2 * piece
            sine, cosine = 2.0 * sine * cosine, 1.0 - 2.0 * sine * sine

        index, fx, fy = corner(camera, u, v, low_height, low_width)
        read = read_channels(
            low + view * low_height * low_width * LOW, index, fx, fy, low_width, tl.arange(0, LOW_COLUMNS), real, LOW
        )
        hidden += times(read, m, LOW_COLUMNS, HIDDEN)
        m += LOW_COLUMNS * HIDDEN
        index, fx, fy = corner(camera, u, v, fine_height, fine_width)
        surface = read_value(depth + view * fine_height * fine_width, index, fx, fy, fine_width, real)
        hidden += times(behind_surface(camera, z, surface, tl.arange(0, BEHIND)), m, BEHIND, HIDDEN)
        m += BEHIND * HIDDEN
        hidden = _activated(hidden, SMOOTH)

        hidden = _activated(times(hidden, m, HIDDEN, HIDDEN) + vector(b + HIDDEN, HIDDEN), SMOOTH)
        m += HIDDEN * HIDDEN
        read = read_channels(
            high + view * fine_height * fine_width * HIGH, index, fx, fy, fine_width, tl.arange(0, HIGH_COLUMNS),
            real, HIGH,
        )  # fmt: skip
        hidden = times(hidden, m, HIDDEN, HIDDEN) + times(read, m + HIDDEN * HIDDEN, HIGH_COLUMNS, HIDDEN)
        m += (HIDDEN + HIGH_COLUMNS) * HIDDEN
        hidden = _activated(hidden + vector(b + 2 * HIDDEN, HIDDEN), SMOOTH)
        b += 3 * HIDDEN
        own = times(hidden, m, HIDDEN, LATENT) + vector(b, LATENT)
        b += LATENT

        weight = view_weight(camera, u, v, z, say)
        if CONFIDENCE:
            confidence = tl.sum(hidden * vector(b, HIDDEN), axis=1) + tl.load(b + HIDDEN)
            weight = weight * tl.sigmoid(confidence) + 1e-4 * weight
        total += weight
        before = own - mean
        mean += (weight / tl.maximum(total, 1e-30))[:, None] * before
        spread += weight[:, None] * before * (own - mean)

    # The weights of `GeometryHead` sum to a little less than one: `share`.
    share = (total / (total + 1e-6))[:, None]
    variance = spread / (total + 1e-6)[:, None] + share * (1 - share) * (1 - share) * mean * mean
    mean = mean * share
    m = matrices + 7 * piece + (LOW_COLUMNS + BEHIND + 2 * HIDDEN + HIGH_COLUMNS + LATENT) * HIDDEN
    b = vectors + 4 * HIDDEN + LATENT + 16
    square: tl.constexpr = LATENT * LATENT
    if DENSITY:
        y = times(mean, m, LATENT, LATENT) + times(variance, m + square, LATENT, LATENT)
        y = _activated(y + vector(b, LATENT), SMOOTH)
        y = _activated(times(y, m + 2 * square, LATENT, LATENT) + vector(b + LATENT, LATENT), SMOOTH)
        answer = tl.sum(y * vector(b + 2 * LATENT, LATENT), axis=1) + tl.load(b + 3 * LATENT)
        tl.store(raw + at, tl.where(total > 0.0, answer, UNSEEN), mask=real)
    else:
        m += 3 * square
        y = times(mean, m, LATENT, COMPRESSED) + times(variance, m + LATENT * COMPRESSED, LATENT, COMPRESSED)
        y += vector(b + 3 * LATENT + 16, COMPRESSED)
        channel = tl.arange(0, COMPRESSED)
        into = latent + at[:, None] * WANTED + channel[None, :]
        tl.store(into, y, mask=real[:, None] & (channel < WANTED)[None, :])
