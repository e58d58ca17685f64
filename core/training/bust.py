"""Head, neck and shoulders of one person: the shape that hair grows on and that glasses and hats are fitted to."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from .surfaces import SKULL_CENTRE, unit

LOWEST = 0.36
"""Metres below the head's origin at which the bust ends."""


@dataclass(frozen=True, eq=False)
class Bust:
    """The skin of the upper body in the head frame, metres."""

    positions: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    triangles: Int[np.ndarray, "f 3"]
    landmarks: Float[np.ndarray, "468 3"]

    @staticmethod
    def of(
        positions: Float[np.ndarray, "v 3"],
        normals: Float[np.ndarray, "v 3"],
        triangles: Int[np.ndarray, "f 3"],
        landmarks: Float[np.ndarray, "468 3"],
    ) -> "Bust":
        """The part of a body above its chest; vertices of no triangle are left out."""
        near = triangles[positions[triangles, 1].max(axis=1) < LOWEST]
        used, index = np.unique(near, return_inverse=True)
        return Bust(positions[used], normals[used], index.reshape(-1, 3), landmarks)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.positions)

    def pushed_out(self, points: Float[np.ndarray, "n 3"], clearance: np.ndarray | float) -> Float[np.ndarray, "n 3"]:
        """Points moved along the nearest skin's normal until they stand off by `clearance` metres."""
        _, nearest = self._tree.query(points)
        normal = self.normals[nearest]
        height = ((points - self.positions[nearest]) * normal).sum(axis=1)
        return points + np.maximum(clearance - height, 0.0)[:, None] * normal

    def distance(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Metres to the nearest vertex of the skin."""
        return self._tree.query(points)[0]

    def sampled(
        self, rng: np.random.Generator, count: int, weights: Float[np.ndarray, "n"]
    ) -> tuple[Float[np.ndarray, "count 3"], Float[np.ndarray, "count 3"]]:
        """Random points of the skin and their normals, as dense as `weights` says; none where all weights are 0."""
        a, b, c = (self.positions[self.triangles[:, k]] for k in range(3))
        odds = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1) * weights[self.triangles].mean(axis=1)
        if odds.sum() <= 0:
            return np.zeros((0, 3)), np.zeros((0, 3))
        # Evenly spaced along the cumulated odds: as many as asked for, and no clusters.
        at = (np.arange(count) + rng.random(count)) / count * odds.sum()
        corner = self.triangles[np.minimum(np.searchsorted(np.cumsum(odds), at), len(odds) - 1)]
        share = rng.dirichlet([1.0, 1.0, 1.0], count)[:, :, None]
        return (share * self.positions[corner]).sum(axis=1), unit((share * self.normals[corner]).sum(axis=1))

    def radius_around(
        self, azimuth: Float[np.ndarray, "a"], height: Float[np.ndarray, "h"], *, smooth: float = 0.18
    ) -> Float[np.ndarray, "h a"]:
        """How far the bust reaches from the vertical axis through the skull, in each direction at each height.

        azimuth: radians, 0 to the back, growing to the person's left. height: y, metres. smooth: radians over which
        neighbours share the farthest reach, so that the result spans hollows as cloth does.
        """
        x, z = self.positions[:, 0], self.positions[:, 2] - SKULL_CENTRE[2]
        reach, towards = np.hypot(x, z), np.arctan2(x, z)
        across = np.abs((towards[None] - azimuth[:, None] + np.pi) % (2 * np.pi) - np.pi) / smooth
        along = np.abs(self.positions[None, :, 1] - height[:, None]) / 0.014
        weight = np.exp(-0.5 * across**2)[None] * np.exp(-0.5 * along**2)[:, None]
        # A soft maximum: the outermost vertices count most.
        weight = weight * np.exp(reach / 0.006 - reach.max() / 0.006) + 1e-300
        return (weight * reach).sum(axis=-1) / weight.sum(axis=-1)
