"""MakeHuman's default rig: linear blend skinning of the base mesh, and expressions made of face bones."""

import json
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_matrix
from scipy.spatial.transform import Rotation

Rotations = dict[str, np.ndarray]
"""Rotation vector (radians; x to the person's left, y up, z to the front) of some bones, from the rest pose."""


class Rig:
    """The bones of `rigs/default.mhskel` and their weights on the base mesh's vertices."""

    def __init__(self, folder: Path, vertex_count: int) -> None:
        skeleton = json.loads((folder / "rigs" / "default.mhskel").read_text(encoding="utf-8"))
        painted = json.loads((folder / "rigs" / "default_weights.mhw").read_text(encoding="utf-8"))["weights"]
        bones = skeleton["bones"]
        names: list[str] = []
        while len(names) < len(bones):
            # Parents come before their children.
            names += [n for n, b in bones.items() if n not in names and (b["parent"] is None or b["parent"] in names)]
        self.names = tuple(names)
        self.parents = tuple(-1 if bones[n]["parent"] is None else names.index(bones[n]["parent"]) for n in names)
        self._joints = tuple(skeleton["joints"][bones[n]["head"]] for n in names)
        entries = [(int(v), names.index(bone), w) for bone, rows in painted.items() if bone in names for v, w in rows]
        table = np.array(entries)
        weights = csr_matrix(
            (table[:, 2], (table[:, 0].astype(int), table[:, 1].astype(int))), shape=(vertex_count, len(names))
        ).tolil()
        total = np.asarray(weights.sum(axis=1)).ravel()
        weights[np.flatnonzero(total == 0), 0] = 1.0
        total[total == 0] = 1.0
        self._weights = csr_matrix(weights).multiply(1 / total[:, None]).tocsr()

    def pose(self, vertices: Float[np.ndarray, "v 3"], rotations: Rotations) -> Float[np.ndarray, "v 3"]:
        """Vertices after turning bones about their joints."""
        vectors = np.zeros((len(self.names), 3))
        for name, vector in rotations.items():
            if name in self.names:
                vectors[self.names.index(name)] = vector
        turns = Rotation.from_rotvec(vectors).as_matrix()
        posed = np.tile(np.eye(4)[:3], (len(self.names), 1, 1))
        for bone, parent in enumerate(self.parents):
            joint = vertices[self._joints[bone]].mean(axis=0)
            above = posed[parent] if parent >= 0 else posed[bone]
            turn, shift = turns[bone], joint - turns[bone] @ joint
            posed[bone] = np.column_stack([above[:, :3] @ turn, above[:, :3] @ shift + above[:, 3]])
        blended = (self._weights @ posed.reshape(-1, 12)).reshape(-1, 3, 4)
        moved = np.einsum("vij,vj->vi", blended[:, :, :3], vertices) + blended[:, :, 3]
        return moved.astype(vertices.dtype)


def read_face_units(folder: Path) -> dict[str, Rotations]:
    """The face's pose units: what each does to the bones, read from the frames of a BVH file with z up."""
    names = json.loads((folder / "poseunits" / "face-poseunits.json").read_text(encoding="utf-8"))["framemapping"]
    hierarchy, _, motion = (folder / "poseunits" / "face-poseunits.bvh").read_text().partition("MOTION")
    joints = [line.split()[1] for line in hierarchy.splitlines() if line.split()[:1] in (["ROOT"], ["JOINT"])]
    frames = np.array([line.split() for line in motion.splitlines()[3:] if line.strip()], dtype=np.float64)
    # Three positions of the root, then Euler angles X Y Z of every joint, in degrees.
    angles = np.radians(frames[:, 3:].reshape(len(frames), len(joints), 3))
    y_up_from_z_up = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    units = {}
    for name, of_frame in zip(names, angles, strict=False):
        turning = np.flatnonzero(np.abs(of_frame).max(axis=1) > 1e-4)
        turns = Rotation.from_euler("XYZ", of_frame[turning])
        vectors = turns.as_rotvec() @ y_up_from_z_up.T
        units[name] = {joints[j]: vector for j, vector in zip(turning, vectors, strict=True)}
    return units


def blend_units(units: dict[str, Rotations], shares: dict[str, float]) -> Rotations:
    """Several units at once; their turns are small, so rotation vectors add."""
    blended: Rotations = {}
    for unit, share in shares.items():
        for bone, vector in units.get(unit, {}).items():
            blended[bone] = blended.get(bone, np.zeros(3)) + share * vector
    return blended
