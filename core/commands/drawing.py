"""An avatar ready to be drawn from any side: what `render`, `turntable`, `film` and `mesh` have in common."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .. import edits, pipeline
from ..camera import Camera, orbit_path
from ..camera_path import PORTRAIT, framing_distance
from ..document import Document
from ..model.views import EncodedViews
from ..path_edits import view_of_numbers
from ..render.renderer import Frame
from .options import Colour, load_with_sources, tell

DRAWING = {"resolution": "size", "quality": "quality", "mode": "mode", "background": "background"}
"""Render settings, and the options that say them."""


@dataclass(frozen=True, eq=False)
class Studio:
    """A solved document, its photos encoded, and the network."""

    document: Document
    avatar: pipeline.Avatar
    encoded: EncodedViews

    @classmethod
    def open(cls, options: argparse.Namespace, also: Sequence[str] = ()) -> "Studio":
        """From the arguments of `options.add_source` and `options.add_drawing`, or of `options.add_avatar` alone; of
        `also`, only cameras are needed.
        """
        return cls.of(document_asked_for(options, also))

    @classmethod
    def of(cls, document: Document) -> "Studio":
        """With the bundled network."""
        avatar = pipeline.Avatar(pipeline.load_model())
        return cls(document, avatar, avatar.encode(document))

    @property
    def background(self) -> Colour | None:
        """Behind the avatar; None: transparent."""
        return self.document.settings.background

    def orbit(self, yaw: float, pitch: float) -> Camera:
        """A camera on a sphere round the subject, whole in the picture; degrees."""
        size = self.document.settings.resolution
        return view_of_numbers((yaw, pitch), self.document.shown).camera(size, size)

    def sway(self, yaw_range: Sequence[float], pitch: float, frames: int) -> Iterator[Camera]:
        """The cameras of a turntable; degrees."""
        size = self.document.settings.resolution
        start, end = np.deg2rad(yaw_range)
        return orbit_path(
            frames,
            framing_distance(self.document.shown, PORTRAIT),
            yaw_range=(start, end),
            pitch=np.deg2rad(pitch),
            target_in_world=self.document.shown.centre,
            vertical_field_of_view=PORTRAIT,
            width=size,
            height=size,
        )

    def seen_by(self, name: str) -> Camera:
        """The camera of a view, in the head frame, resampled so that its longest side is the wanted resolution."""
        calibration = self.document.calibration
        assert calibration is not None, "a studio's document is solved"
        camera = calibration.head_cameras[self.document.view_index(name)]
        scale = self.document.settings.resolution / max(camera.width, camera.height)
        return camera.resized(max(1, round(camera.width * scale)), max(1, round(camera.height * scale)))

    def draw(self, camera: Camera, *, polished: bool) -> Frame:
        """The finished picture from a camera in the head frame."""
        settings = self.document.settings
        return self.avatar.picture(
            self.encoded,
            self.document,
            camera,
            mode=settings.mode,
            quality=settings.quality,
            samples_per_pixel=pipeline.SMOOTH,
            polished=polished,
        )


def document_asked_for(options: argparse.Namespace, also: Sequence[str] = ()) -> Document:
    """The solved document of a command line, with the settings said there; see `Studio.open`."""
    document = load_with_sources(options.source, options.sources, also, quiet=options.json)
    given = {name: getattr(options, option, None) for name, option in DRAWING.items()}
    given |= {"mirror": False if options.no_mirror else None, "expression": options.expression}
    chosen = {name: value for name, value in given.items() if value is not None}
    document = edits.set_render_settings(document, replace(document.settings, **chosen))
    tell(document.remarks, quiet=options.json)
    return document
