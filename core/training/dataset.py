"""The training set: one file of pictures per synthetic person."""

import os
from pathlib import Path

import numpy as np

from .generators import USUAL, Generator
from .hand_held import draw_cameras
from .makehuman import MakeHuman
from .people import draw_person
from .scenes import SceneRenderer

PICTURE_SIZE = 256
"""Side of the training pictures, pixels."""


def photograph_person(
    data: MakeHuman, renderer: SceneRenderer, seed: int, *, generator: Generator = USUAL
) -> dict[str, np.ndarray]:
    """The arrays of one person's file.

    rgba (N, H, W, 4) uint8, straight alpha; depth (N, H, W) float16 metres, 0 where there is
    nothing; intrinsics (N, 3, 3) and camera_from_world (N, 4, 4) float32; landmarks (468, 3) float32, metres in the
    head frame; yaw and pitch (N,) float32, radians; seed; generator, its name and version.
    """
    person = draw_person(data, seed, generator=generator)
    rng = np.random.default_rng([seed, 2])
    renderer.load(person, generator.lighting(rng))
    cameras, yaw, pitch = draw_cameras(rng, PICTURE_SIZE)
    exposures = np.exp(rng.normal(0, 0.06, len(cameras)))
    rgba, depth = [], []
    for camera, exposure in zip(cameras, exposures, strict=True):
        picture = renderer.render(camera, exposure=float(exposure))
        rgba.append(picture.rgba)
        depth.append(picture.depth.astype(np.float16))
    return {
        "rgba": np.stack(rgba),
        "depth": np.stack(depth),
        "intrinsics": np.stack([c.intrinsics for c in cameras]).astype(np.float32),
        "camera_from_world": np.stack([c.camera_from_world for c in cameras]).astype(np.float32),
        "landmarks": person.landmarks.astype(np.float32),
        "yaw": yaw.astype(np.float32),
        "pitch": pitch.astype(np.float32),
        "seed": np.array(seed),
        "generator": np.array(generator.mark),
    }


def person_path(folder: Path, seed: int) -> Path:
    """Where the pictures of a seed are kept."""
    return folder / f"person_{seed:05d}.npz"


def write_person(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a person's file whole or not at all; uncompressed, so that reading costs nothing."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.replace(path)
