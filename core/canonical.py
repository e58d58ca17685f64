"""The canonical face: where the detector's landmarks lie on a mean person, in metres of the head frame."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from jaxtyping import Float, Int

from .errors import UserError

LANDMARKS = 478
Landmarks = Float[np.ndarray, "478 2"]
"""Those of a face in a photo, pixels."""
ASSET = "canonical_face.npz"


@dataclass(frozen=True, eq=False)
class CanonicalFace:
    """Mean shape of the 478 face mesh landmarks and what is known of each; measured, see `kpnerf.core.training`.

    The origin of the head frame is midway between landmarks 234 and 454 of this face.
    """

    points: Float[np.ndarray, "478 3"]
    """Metres in the head frame, symmetric about x = 0."""
    normals: Float[np.ndarray, "478 3"]
    """Unit, out of the head."""
    spread: Float[np.ndarray, "478 3"]
    """Standard deviation between people along x, y and z after a similarity fit, metres."""
    noise: Float[np.ndarray, "478"]
    """Standard deviation of one detection across the viewing ray where the landmark is in plain view, metres."""
    mirror: Int[np.ndarray, "478"]
    """Index of each landmark's partner on the other side of the face."""
    drift: Float[np.ndarray, "478 5 3"]
    """How landmarks move over the face with the direction they are seen from, see `drifted`; metres."""

    def __post_init__(self) -> None:
        for field in ("points", "normals", "spread", "noise", "mirror", "drift"):
            array = np.array(getattr(self, field))
            array.flags.writeable = False
            object.__setattr__(self, field, array)


@cache
def canonical_face() -> CanonicalFace:
    """The face that comes with the program; UserError where its file is missing or unreadable."""
    package = __package__.rpartition(".")[0]
    try:
        with (resources.files(f"{package}.assets") / ASSET).open("rb") as file, np.load(file) as stored:
            return CanonicalFace(
                points=stored["points"].astype(np.float64),
                normals=stored["normals"].astype(np.float64),
                spread=stored["spread"].astype(np.float64),
                noise=stored["noise"].astype(np.float64),
                mirror=stored["mirror"].astype(np.int64),
                drift=stored["drift"].astype(np.float64),
            )
    except (OSError, KeyError, ValueError, ModuleNotFoundError) as error:
        raise UserError(f"The file assets/{ASSET} is missing or damaged.", "Install the program again.") from error


def foreshortening(
    normals_in_camera: Float[np.ndarray, "n 3"], points_in_camera: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n"]:
    """How far each landmark can be trusted in a view, 1 (faces the camera) down to about 0.1 (turned away).

    The face mesh detector places every landmark, seen or not, and tells nothing of its certainty. Against known
    cameras its error is flat while a landmark's normal is within about 65 degrees of the camera, then doubles
    with every 0.45 that the cosine falls; this is the inverse of that factor.
    """
    towards = -points_in_camera / np.linalg.norm(points_in_camera, axis=-1, keepdims=True)
    cosine = np.sum(towards * normals_in_camera, axis=-1)
    return np.exp2(np.minimum(cosine - 0.4, 0.0) / 0.45)


def view_terms(direction: Float[np.ndarray, "*v 3"]) -> Float[np.ndarray, "*v 5"]:
    """Of a unit direction from the head to a camera: sideways x, downwards y, and their squares and product."""
    x, y = direction[..., 0], direction[..., 1]
    return np.stack([x, y, x * x, x * y, y * y], axis=-1)


def drift(face: CanonicalFace, camera_in_head: Float[np.ndarray, "3"]) -> Float[np.ndarray, "478 3"]:
    """Displacement over the face, metres in the head frame, of landmarks seen by a camera at this place.

    The detector does not follow one piece of skin: seen from the side or from below, contour points slide along
    the outline and the whole face is drawn a little more frontal than it is. Against known cameras the part that
    depends on the viewing direction alone is as large as all the rest of the detector's error.
    """
    direction = camera_in_head / max(float(np.linalg.norm(camera_in_head)), 1e-9)
    return np.einsum("b,nbc->nc", view_terms(direction), face.drift)
