"""The inner loop of following skin from photo to photo: compiled by numba, without the interpreter's lock.

A patch stays in the processor's cache from the first look at it to the last; numpy would write all patches of all
spots to memory and read them again at every step.
"""

import math

import numpy as np

from .compiled import compiled


@compiled()
def _patch(picture, x, y, window, share, patch):
    """Fill `patch` with a picture's values round (x, y), linearly between pixels and as at its border beyond it, less
    their mean weighted by `share`.
    """
    height, width = picture.shape
    side = 2 * window + 1
    column, row = math.floor(x), math.floor(y)
    right, low = np.float32(x - column), np.float32(y - row)
    first_row, first_column = row - window, column - window
    if first_row >= 0 and first_column >= 0 and row + window + 1 < height and column + window + 1 < width:
        for j in range(side):
            above = picture[first_row + j, first_column : first_column + side + 1]
            below = picture[first_row + j + 1, first_column : first_column + side + 1]
            for i in range(side):
                top = above[i] + right * (above[i + 1] - above[i])
                bottom = below[i] + right * (below[i + 1] - below[i])
                patch[j * side + i] = top + low * (bottom - top)
    else:
        for j in range(side):
            y0, y1 = min(max(first_row + j, 0), height - 1), min(max(first_row + j + 1, 0), height - 1)
            for i in range(side):
                x0, x1 = min(max(first_column + i, 0), width - 1), min(max(first_column + i + 1, 0), width - 1)
                top = picture[y0, x0] + right * (picture[y0, x1] - picture[y0, x0])
                bottom = picture[y1, x0] + right * (picture[y1, x1] - picture[y1, x0])
                patch[j * side + i] = top + low * (bottom - top)
    mean = np.float32(0)
    for k in range(side * side):
        mean += share[k] * patch[k]
    for k in range(side * side):
        patch[k] -= mean


@compiled(
    "(f4[:, ::1], f4[:, ::1], f4[:, ::1], f4[:, ::1], f8[:, ::1], i8, f4[::1], i8, f8, f8[:, ::1], f8[:, ::1], "
    "f8[::1], f8[::1])"
)
def align(
    first, slope_x, slope_y, second, places, window, share, steps, arrived, found, information, noise, correlation
):
    """Gauss-Newton on the shift of each patch (see `tracking.align_patches`).

    `share` (p) sums to one; `found` (s, 2) holds where to begin, and then what was found. Writes the normal equations'
    xx, xy, yy (s, 3), the mean squared difference that is left (s), and how alike the patches are (s).
    """
    size = len(share)
    wanted, now = np.empty(size, np.float32), np.empty(size, np.float32)
    across, down = np.empty(size, np.float32), np.empty(size, np.float32)
    for s in range(len(places)):
        x, y = places[s]
        _patch(first, x, y, window, share, wanted)
        _patch(slope_x, x, y, window, share, across)
        _patch(slope_y, x, y, window, share, down)
        xx = xy = yy = contrast = 0.0
        for k in range(size):
            xx += share[k] * across[k] * across[k]
            xy += share[k] * across[k] * down[k]
            yy += share[k] * down[k] * down[k]
            contrast += share[k] * wanted[k] * wanted[k]
        information[s, 0], information[s, 1], information[s, 2] = xx, xy, yy
        damping = 1e-3 * (xx + yy) + 1e-9
        determinant = (xx + damping) * (yy + damping) - xy * xy
        x, y = found[s]
        for _ in range(steps):
            _patch(second, x, y, window, share, now)
            both = own = 0.0
            for k in range(size):
                both += share[k] * wanted[k] * now[k]
                own += share[k] * now[k] * now[k]
            gain = min(max(both / max(own, 1e-9), 0.5), 2.0)
            right = low = 0.0
            for k in range(size):
                difference = share[k] * (wanted[k] - gain * now[k])
                right += across[k] * difference
                low += down[k] * difference
            dx = ((yy + damping) * right - xy * low) / determinant
            dy = ((xx + damping) * low - xy * right) / determinant
            length = math.hypot(dx, dy)
            shorter = min(1.0, 1.5 / max(length, 1e-9))
            x += dx * shorter
            y += dy * shorter
            if length < arrived:
                break
        found[s, 0], found[s, 1] = x, y
        _patch(second, x, y, window, share, now)
        both = own = left = 0.0
        for k in range(size):
            both += share[k] * wanted[k] * now[k]
            own += share[k] * now[k] * now[k]
            left += share[k] * (wanted[k] - now[k]) ** 2
        noise[s] = left
        correlation[s] = both / math.sqrt(max(contrast * own, 1e-12))
