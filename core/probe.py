"""What the view modes that explain a picture are asked about."""

from dataclasses import dataclass

PHOTO_COLOURS: tuple[tuple[float, float, float], ...] = (
    (0.90, 0.38, 0.31),
    (0.36, 0.62, 0.95),
    (0.42, 0.78, 0.44),
    (0.93, 0.73, 0.28),
    (0.67, 0.50, 0.90),
    (0.25, 0.76, 0.76),
    (0.93, 0.52, 0.74),
    (0.62, 0.58, 0.45),
)
"""Red, green, blue of each photo of a document, by its place in it."""


@dataclass(frozen=True)
class Probe:
    """Choices beside the view mode; what a mode does not ask about keeps its default."""

    keypoints: tuple[str, ...] = ()
    """Mode “influence”: of which points; of none means of all."""
    photo: int = 0
    """Mode “error”: index of the photo that the avatar is compared with."""
    depth: float = 0.0
    """Mode “slice”: metres of the plane behind the middle of the subject, as seen from the camera."""


NO_PROBE = Probe()
"""For modes that ask about nothing."""
