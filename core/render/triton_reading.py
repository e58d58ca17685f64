"""What both fused kernels begin with: where views see points, and what their maps hold there."""

import triton
import triton.language as tl

from ..model import heads, spatial

CAMERA = tl.constexpr(29)
"""Numbers of a row of `ViewTables.cameras`."""
CHANGING = ["count", "views"]
"""Arguments that the compiler is not to build anew for, where they are one or divisible by sixteen: in the middle of an
orbit that would be seconds without a picture.
"""
EDGE = tl.constexpr(spatial.EDGE)
FEATHER, LEAST, FADING = tl.constexpr(spatial.FEATHER), tl.constexpr(spatial.LEAST), tl.constexpr(spatial.FADING)
TINY = tl.constexpr(heads.TINY)
PRECISION = tl.constexpr("tf32")
"""How tensor cores multiply float32: rounded to eleven bits, eight times as fine as bfloat16. Three such products would
make an exact one, in code that takes a minute to compile and does not fit the registers.
"""


@triton.jit
def project(camera, px, py, pz):
    """Pixels and depth of points, in float32; `camera` points to one row of cameras, or to a block of rows."""
    x = tl.load(camera) * px + tl.load(camera + 1) * py + tl.load(camera + 2) * pz + tl.load(camera + 3)
    y = tl.load(camera + 4) * px + tl.load(camera + 5) * py + tl.load(camera + 6) * pz + tl.load(camera + 7)
    z = tl.load(camera + 8) * px + tl.load(camera + 9) * py + tl.load(camera + 10) * pz + tl.load(camera + 11)
    safe = tl.maximum(z, 1e-6)
    u = x / safe * tl.load(camera + 12) + tl.load(camera + 14)
    v = y / safe * tl.load(camera + 13) + tl.load(camera + 15)
    return u, v, z


@triton.jit
def is_contained(cameras, views, px, py, pz):
    """Whether points are inside some photo, and before its camera (twin: `inside`)."""
    found = px != px  # nowhere yet
    for view in range(views):
        camera = cameras + view * CAMERA
        u, v, z = project(camera, px, py, pz)
        across = (u >= tl.load(camera + 18)) & (u <= tl.load(camera + 20))
        down = (v >= tl.load(camera + 19)) & (v <= tl.load(camera + 21))
        found = found | (across & down & (z > 1e-3))
    return found


@triton.jit
def sight(camera, contained, px, py, pz):
    """Pixels to read, depth, and how much of a say a view has about points `contained` in some photo or in none (twins:
    `KeypointNeRF.sight`, `stand_in`); `camera` points to one row of cameras, or to a block of rows.
    """
    u, v, z = project(camera, px, py, pz)
    left, top = tl.load(camera + 18), tl.load(camera + 19)
    right, bottom = tl.load(camera + 20), tl.load(camera + 21)
    down = (v >= top) & (v <= bottom)
    below = (v > bottom) & (v <= tl.load(camera + 28))
    height = tl.load(camera + 23)
    away = tl.minimum(tl.minimum(u - left, right - u), tl.minimum(v - top, bottom - v))
    near_edge = LEAST + (1.0 - LEAST) * tl.minimum(tl.maximum(away / (FEATHER * height), 0.0), 1.0)
    far_below = tl.exp(tl.minimum(bottom - v, 0.0) / (FADING * height))
    say = tl.where(contained & down, near_edge, tl.where((contained == 0) & below, far_below, 0.0))
    say = tl.where((u >= left) & (u <= right) & (z > 1e-3), say, 0.0)
    lowest = tl.where(contained, bottom - EDGE, tl.load(camera + 27))
    u = tl.minimum(tl.maximum(u, left + EDGE), right - EDGE)
    return u, tl.minimum(tl.maximum(v, top + EDGE), lowest), z, say


@triton.jit
def _border(t):
    t = tl.minimum(tl.maximum(t, 0.0), 1.0)
    return tl.sigmoid(5.0 * (tl.minimum(t, 1.0 - t) / 0.1 - 1.0))


@triton.jit
def view_weight(camera, u, v, z, say):
    """Confidence of a view from where points lie in it, zero where it has no say (twin: `KeypointNeRF.sight`)."""
    left, top = tl.load(camera + 18), tl.load(camera + 19)
    across = (u - left) / tl.maximum(tl.load(camera + 20) - left, 1.0)
    down = (v - top) / tl.maximum(tl.load(camera + 21) - top, 1.0)
    near = tl.load(camera + 16)
    along = (z - near) / (tl.load(camera + 17) - near)
    return tl.where(say > 0.0, _border(across) * _border(down) * _border(along), 0.0)


@triton.jit
def corner(camera, u, v, height, width):
    """Flat index of the upper left of the four pixels of a map round pixel (u, v) of the photo, and the shares of
    the right and the lower ones; beyond the border it is repeated.
    """
    u = tl.minimum(tl.maximum(u / tl.load(camera + 22), 0.0), 1.0) * (width - 1)
    v = tl.minimum(tl.maximum(v / tl.load(camera + 23), 0.0), 1.0) * (height - 1)
    x = tl.minimum(u.to(tl.int32), width - 2)
    y = tl.minimum(v.to(tl.int32), height - 2)
    return y * width + x, u - x, v - y


@triton.jit
def bilinear(at, right, below, fx, fy, mask):
    """Values between four pixels; `at` points to the upper left, `right` and `below` are the ways to the others."""
    a = tl.load(at, mask=mask, other=0.0).to(tl.float32)
    b = tl.load(at + right, mask=mask, other=0.0).to(tl.float32)
    c = tl.load(at + below, mask=mask, other=0.0).to(tl.float32)
    d = tl.load(at + below + right, mask=mask, other=0.0).to(tl.float32)
    return (1 - fy) * ((1 - fx) * a + fx * b) + fy * ((1 - fx) * c + fx * d)


@triton.jit
def read_value(table, index, fx, fy, width, mask):
    """A map of one channel: (points,)."""
    return bilinear(table + index, 1, width, fx, fy, mask)


@triton.jit
def read_channels(table, index, fx, fy, width, channel, mask, CHANNELS: tl.constexpr):
    """A map whose pixels' channels lie side by side: (points, columns). `channel` is what each column takes, which is
    zero outside 0 … CHANNELS - 1.
    """
    at = table + index[:, None] * CHANNELS + channel[None, :]
    wanted = mask[:, None] & (channel >= 0)[None, :] & (channel < CHANNELS)[None, :]
    return bilinear(at, CHANNELS, width * CHANNELS, fx[:, None], fy[:, None], wanted)


@triton.jit
def behind_surface(camera, z, surface, column):
    """How far points lie behind a view's surface, on three scales in columns 0, 1 and 2 (twin: `behind_surface`)."""
    scale = tl.where(column == 0, 100.0, tl.where(column == 1, 25.0, tl.where(column == 2, 6.25, 0.0)))
    gap = (z - tl.load(camera + 11) - surface)[:, None] * scale[None, :]
    return 2.0 * tl.sigmoid(2.0 * gap) - 1.0


@triton.jit
def triple(rows, at, real):
    """Three numbers of each row of an (n, 3) table; zeros where a row is not real."""
    first = rows + 3 * at
    x = tl.load(first, mask=real, other=0.0)
    y = tl.load(first + 1, mask=real, other=0.0)
    return x, y, tl.load(first + 2, mask=real, other=0.0)


@triton.jit
def matrix(at, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """The (ROWS, COLUMNS) matrix that begins at a pointer."""
    return tl.load(at + tl.arange(0, ROWS)[:, None] * COLUMNS + tl.arange(0, COLUMNS)[None, :])


@triton.jit
def times(x, at, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """x @ the matrix that begins at a pointer, in its precision, summed in float32."""
    return tl.dot(x.to(at.dtype.element_ty), matrix(at, ROWS, COLUMNS), input_precision=PRECISION)


@triton.jit
def vector(at, SIZE: tl.constexpr):
    """The numbers that begin at a pointer, as a row."""
    return tl.load(at + tl.arange(0, SIZE))[None, :]


@triton.jit
def column_of(x, column, index):
    """One column of a tile: (points,)."""
    return tl.sum(tl.where(column[None, :] == index, x, 0.0), axis=1)
