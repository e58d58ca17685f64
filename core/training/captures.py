"""Photographs of one synthetic person as a person with a phone would take them: captures to evaluate on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ..camera import Camera
from ..interop.capture import Capture
from ..interop.transforms_json import write_capture
from ..photo import Photo
from .backgrounds import draw_panorama, seen_by
from .generators import USUAL, Generator, mark_folder
from .hand_held import hand_held_pose
from .lighting import Lighting
from .makehuman import MakeHuman
from .people import Person, draw_person
from .scenes import SceneRenderer

CAPTURE_YAWS = {
    "left": -35.0,
    "front": 0.0,
    "right": 35.0,
    "between_left": -18.0,
    "between_right": 18.0,
    "beyond_left": -58.0,
    "beyond_right": 58.0,
}
"""Degrees from which the pictures of a capture are taken: three to work from, two between them, two beyond."""
LEVEL_YAWS = CAPTURE_YAWS | {"between_left": -15.0, "between_right": 15.0, "beyond_left": -55.0, "beyond_right": 55.0}
"""The same for a camera on a stand (spread 0), which looks in just these directions, level, within a centimetre
of the middle of the head."""
SAMPLE_YAWS = {"front": 2.0, "left": -30.0, "right": 29.0}
HEAD_MIDDLE = np.array([0.0, -0.01, 0.0])
HEAD_SHARE = 0.5
"""How much of a picture's height a head fills, about."""
HEAD_HEIGHT = 0.24


@dataclass(frozen=True, eq=False)
class Photograph:
    """One picture of a capture, and what is true of it."""

    rgb: UInt8[np.ndarray, "h w 3"]
    mask: UInt8[np.ndarray, "h w"]
    """The person's alpha."""
    camera: Camera
    """In the head frame."""


def capture_cameras(
    rng: np.random.Generator, yaws: Mapping[str, float], *, size: int, spread: float = 1.0
) -> dict[str, Camera]:
    """One lens, held by hand at each yaw (degrees) so that the head fills half of the picture.

    spread scales how far the hand strays from the yaw, the height of the face and the usual distance.
    """
    field_of_view = np.radians(rng.uniform(25, 60))
    focal = 0.5 * size / np.tan(0.5 * field_of_view)
    usual = HEAD_HEIGHT * focal / (HEAD_SHARE * size)
    cameras = {}
    for name, yaw in yaws.items():
        pose = hand_held_pose(
            rng,
            np.radians(yaw + spread * rng.normal(0, 1.5)),
            spread * rng.normal(0, np.radians(5)),
            float(usual * np.exp(spread * rng.normal(0, 0.08))),
            aim=spread * abs(rng.normal(0, np.radians(0.06 * np.degrees(field_of_view)))),
            roll=spread * rng.normal(0, np.radians(2.5)),
            target=HEAD_MIDDLE,
        )
        middle = 0.5 * (size - 1)
        cameras[name] = Camera(focal, focal, middle, middle, size, size, pose)
    return cameras


def photograph(
    renderer: SceneRenderer,
    person: Person,
    lighting: Lighting,
    cameras: Mapping[str, Camera],
    rng: np.random.Generator,
    *,
    exposure_spread: float = 0.04,
    noisy: bool = False,
) -> dict[str, Photograph]:
    """Pictures of a person before a random background, by name; `noisy`: see `generators.Generator`."""
    renderer.load(person, lighting)
    panorama = draw_panorama(rng)
    photographs = {}
    for name, camera in cameras.items():
        exposure = float(np.exp(rng.normal(0, exposure_spread)))
        picture = renderer.render(camera, exposure=exposure)
        alpha = picture.rgba[..., 3:].astype(np.float64) / 255
        behind = 255 * seen_by(panorama, camera) * exposure**0.5
        rgb = alpha * picture.rgba[..., :3] + (1 - alpha) * behind
        if noisy:
            rgb = _sensed(rng, rgb)
        photographs[name] = Photograph(
            rgb=np.clip(np.rint(rgb), 0, 255).astype(np.uint8), mask=picture.rgba[..., 3], camera=camera
        )
    return photographs


def _sensed(rng: np.random.Generator, rgb: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """As a small sensor gives it: white balance of its own, noise that grows with the light, compressed."""
    balanced = rgb * np.exp(rng.normal(0, 0.03, 3))
    grain = rng.normal(size=rgb.shape) * np.sqrt(np.maximum(balanced, 0) + 4) * rng.uniform(0.1, 0.5)
    coarse = cv2.GaussianBlur(grain, (0, 0), 0.7)
    shown = np.clip(np.rint(balanced + 0.5 * grain + coarse), 0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(80, 97))])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.float64)


def render_capture(
    data: MakeHuman,
    seed: int,
    folder: Path,
    *,
    renderer: SceneRenderer,
    yaws: Mapping[str, float] = CAPTURE_YAWS,
    spread: float = 1.0,
    generator: Generator = USUAL,
) -> None:
    """Write the capture of a seed in pictures of the renderer's size; `spread`: see `capture_cameras`.

    The world of its cameras is the head frame, and so it is for the true landmarks in `landmarks.npy`. The folder
    says which generator wrote it.
    """
    rng = np.random.default_rng([seed, 3])
    person = draw_person(data, seed, generator=generator)
    cameras = capture_cameras(rng, yaws, size=renderer.size, spread=spread)
    photographs = photograph(renderer, person, generator.lighting(rng), cameras, rng, noisy=generator.noisy)
    write_photographs(folder, photographs, person.landmarks)
    mark_folder(folder, generator, holds_data=False)


def render_sample(
    data: MakeHuman, seed: int, folder: Path, *, renderer: SceneRenderer, generator: Generator = USUAL
) -> None:
    """Write three plain JPEG photographs of a seed's person, as somebody would hand them in: no cameras, no masks."""
    from PIL import Image

    rng = np.random.default_rng([seed, 4])
    person = draw_person(data, seed, generator=generator)
    cameras = capture_cameras(rng, SAMPLE_YAWS, size=renderer.size)
    photographs = photograph(renderer, person, generator.lighting(rng), cameras, rng, noisy=generator.noisy)
    folder.mkdir(parents=True, exist_ok=True)
    for name, photo in photographs.items():
        Image.fromarray(photo.rgb).save(folder / f"{name}.jpg", quality=93)


def write_photographs(
    folder: Path, photographs: Mapping[str, Photograph], landmarks: Float[np.ndarray, "468 3"]
) -> None:
    """Write photographs as a capture folder; its world is the head frame."""
    taken = tuple(photographs.values())
    photos = tuple(
        Photo(f"{name}.png", None, photo.rgb, photo.camera.fx, hashlib.sha256(photo.rgb.tobytes()).hexdigest())
        for name, photo in photographs.items()
    )
    masks = tuple(photo.mask.astype(np.float32) / 255 for photo in taken)
    nothing = (None,) * len(taken)
    write_capture(folder, Capture(photos, tuple(photo.camera for photo in taken), masks, nothing))
    np.save(folder / "landmarks.npy", landmarks.astype(np.float32))
