"""MakeHuman's file formats: base mesh, morph targets, fitted proxies, materials, face landmarks.

The layout is that of the `data` folder of a MakeHuman installation. Lengths in its files are decimetres, y up,
the face looking along +z; nothing here converts them.
"""

import gzip
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ..errors import UserError

LANDMARK_FILE = "mediapipe_to_vertex.json"
LANDMARK_COUNT = 468


@dataclass(frozen=True, eq=False)
class WavefrontMesh:
    """An OBJ file cut into triangles."""

    vertices: Float[np.ndarray, "v 3"]
    uv: Float[np.ndarray, "t 2"]
    triangles: Int[np.ndarray, "f 3"]
    """Vertex indices."""
    triangle_uv: Int[np.ndarray, "f 3"]
    """Texture-coordinate indices, corner by corner."""
    groups: tuple[str, ...]
    triangle_group: Int[np.ndarray, "f"]
    """Index into `groups`."""


def read_obj(path: Path) -> WavefrontMesh:
    """Read vertices, texture coordinates, groups and faces; polygons become fans."""
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    corners: list[tuple[int, int, int, int, int, int, int]] = []
    groups: list[str] = [""]
    group = 0
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            word, *rest = line.split() or [""]
            if word == "v":
                vertices.append([float(x) for x in rest[:3]])
            elif word == "vt":
                uv.append([float(x) for x in rest[:2]])
            elif word == "g":
                name = rest[0] if rest else ""
                if name not in groups:
                    groups.append(name)
                group = groups.index(name)
            elif word == "f":
                polygon = [corner.split("/") for corner in rest]
                v = [int(corner[0]) - 1 for corner in polygon]
                t = [int(corner[1]) - 1 if len(corner) > 1 and corner[1] else 0 for corner in polygon]
                corners += [(v[0], v[k], v[k + 1], t[0], t[k], t[k + 1], group) for k in range(1, len(v) - 1)]
    table = np.array(corners, np.int32).reshape(-1, 7)
    return WavefrontMesh(
        vertices=np.array(vertices, np.float32).reshape(-1, 3),
        uv=np.array(uv or [[0.0, 0.0]], np.float32),
        triangles=table[:, :3],
        triangle_uv=table[:, 3:6],
        groups=tuple(groups),
        triangle_group=table[:, 6],
    )


@dataclass(frozen=True, eq=False)
class MorphTarget:
    """Offsets of some vertices of the base mesh."""

    indices: Int[np.ndarray, "n"]
    offsets: Float[np.ndarray, "n 3"]


def read_target(path: Path) -> MorphTarget:
    """Read a `.target` or `.target.gz`: a line `vertex dx dy dz` each."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", errors="replace")
    rows = [parts for parts in (line.split() for line in text.splitlines()) if len(parts) == 4 and parts[0].isdigit()]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return MorphTarget(indices=table[:, 0].astype(np.int64), offsets=table[:, 1:].astype(np.float32))


def read_material(path: Path) -> dict[str, str]:
    """The keys of a `.mhmat` and their values, as text."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.strip().partition(" ")
        if key and not key.startswith(("#", "//")):
            found[key] = value.strip()
    return found


@dataclass(frozen=True, eq=False)
class Proxy:
    """A mesh that is worn by the base mesh (`.mhclo`): hair, clothes, eyes, teeth."""

    mesh: WavefrontMesh
    anchors: Int[np.ndarray, "p 3"]
    """Three base vertices that carry each vertex."""
    weights: Float[np.ndarray, "p 3"]
    offsets: Float[np.ndarray, "p 3"]
    """Added after weighting, in units of the scale measured between `scale_pairs`."""
    scale_pairs: tuple[tuple[int, int, float] | None, ...]
    """For x, y, z: two base vertices and the distance between them when the proxy was made."""
    hidden: frozenset[int]
    """Base vertices that disappear under it."""
    material: Path | None

    def fit(self, base: Float[np.ndarray, "v 3"], *, thickness: float = 1.0) -> Float[np.ndarray, "p 3"]:
        """Vertices worn by the given base vertices; `thickness` scales how far they stand off."""
        scale = np.ones(3, np.float32)
        for axis, pair in enumerate(self.scale_pairs):
            if pair is not None:
                scale[axis] = abs(base[pair[0], axis] - base[pair[1], axis]) / pair[2]
        on_body = (base[self.anchors] * self.weights[:, :, None]).sum(axis=1)
        return (on_body + thickness * scale * self.offsets).astype(np.float32)


def read_proxy(path: Path) -> Proxy:
    """Read a `.mhclo` and the mesh it names."""
    anchors: list[list[int]] = []
    weights: list[list[float]] = []
    offsets: list[list[float]] = []
    scale: list[tuple[int, int, float] | None] = [None, None, None]
    hidden: set[int] = set()
    names: dict[str, str] = {}
    section = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split()
        if not parts or parts[0].startswith("#"):
            continue
        word = parts[0]
        if word in ("verts", "delete_verts"):
            section = word
        elif word in ("x_scale", "y_scale", "z_scale"):
            scale["xyz".index(word[0])] = (int(parts[1]), int(parts[2]), float(parts[3]))
        elif word in ("obj_file", "material") and len(parts) > 1:
            names[word] = parts[1]
        elif section == "verts" and word.isdigit():
            if len(parts) == 1:
                anchors.append([int(word)] * 3)
                weights.append([1.0, 0.0, 0.0])
                offsets.append([0.0, 0.0, 0.0])
            else:
                anchors.append([int(x) for x in parts[:3]])
                weights.append([float(x) for x in parts[3:6]])
                offsets.append([float(x) for x in parts[6:9]] if len(parts) >= 9 else [0.0, 0.0, 0.0])
        elif section == "delete_verts" and re.match(r"^[\d\s-]+$", line):
            for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", line):
                hidden.update(range(int(first), int(last or first) + 1))
    return Proxy(
        mesh=read_obj(path.parent / names["obj_file"]),
        anchors=np.array(anchors, np.int64),
        weights=np.array(weights, np.float32),
        offsets=np.array(offsets, np.float32),
        scale_pairs=tuple(scale),
        hidden=frozenset(hidden),
        material=path.parent / names["material"] if "material" in names else None,
    )


class MakeHuman:
    """A folder of MakeHuman data; each file is read at most once.

    Raises UserError where the folder is not one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        if not (self.folder / "3dobjs" / "base.obj").is_file():
            raise UserError(
                f"{self.folder} holds no MakeHuman data (3dobjs/base.obj is missing).",
                "Name the data folder of a MakeHuman installation.",
            )
        self._targets: dict[str, MorphTarget] = {}
        self._proxies: dict[str, Proxy] = {}

    @cached_property
    def base(self) -> WavefrontMesh:
        """The base mesh, helpers and joints included."""
        return read_obj(self.folder / "3dobjs" / "base.obj")

    @cached_property
    def landmark_vertices(self) -> Int[np.ndarray, "468"]:
        """The base vertex of each MediaPipe face landmark."""
        for folder in (self.folder, self.folder.parent):
            if (folder / LANDMARK_FILE).is_file():
                table = json.loads((folder / LANDMARK_FILE).read_text())
                return np.array([int(table[str(i)]) for i in range(LANDMARK_COUNT)])
        raise UserError(
            f"{LANDMARK_FILE} is missing.",
            f"Put it into {self.folder} or beside it: it names the base vertex of each face landmark.",
        )

    @cached_property
    def target_names(self) -> tuple[str, ...]:
        """Every target as a path below `targets`, without its ending."""
        root = self.folder / "targets"
        files = [*root.rglob("*.target"), *root.rglob("*.target.gz")]
        return tuple(sorted({str(f.relative_to(root)).removesuffix(".gz").removesuffix(".target") for f in files}))

    @cached_property
    def _target_set(self) -> frozenset[str]:
        return frozenset(self.target_names)

    def has_target(self, name: str) -> bool:
        """Whether there is a target of that name."""
        return name in self._target_set

    def target(self, name: str) -> MorphTarget:
        """A target by its path below `targets`, without ending."""
        if name not in self._targets:
            plain = self.folder / "targets" / f"{name}.target"
            self._targets[name] = read_target(plain if plain.exists() else plain.with_suffix(".target.gz"))
        return self._targets[name]

    def shape(self, weights: dict[str, float]) -> Float[np.ndarray, "v 3"]:
        """Base vertices moved by a weighted sum of targets; names the folder lacks are passed over."""
        vertices = self.base.vertices.copy()
        for name, weight in weights.items():
            if abs(weight) > 1e-4 and self.has_target(name):
                target = self.target(name)
                # A target names each vertex once, so plain indexing adds every offset.
                vertices[target.indices] += weight * target.offsets
        return vertices

    def proxy(self, name: str) -> Proxy:
        """A proxy by its path below the folder, such as `hair/bob02/bob02`."""
        if name not in self._proxies:
            self._proxies[name] = read_proxy(self.folder / f"{name}.mhclo")
        return self._proxies[name]

    def names(self, kind: str) -> tuple[str, ...]:
        """The proxies of a kind: `hair`, `clothes`, `eyebrows`, `eyelashes`, `teeth`."""
        return tuple(sorted(f.stem for f in (self.folder / kind).glob("*/*.mhclo")))

    def texture(self, material: Path) -> Path | None:
        """The diffuse texture of a material, where it names one that exists."""
        named = read_material(material).get("diffuseTexture")
        path = material.parent / named if named else None
        return path if path is not None and path.is_file() else None

    @cached_property
    def skins(self) -> tuple[Path, ...]:
        """Skin textures; their file names tell age, tone and gender."""
        return tuple(sorted((self.folder / "skins" / "textures").glob("*diffuse*.png")))
