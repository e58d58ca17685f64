"""The document: everything a person makes here, as one frozen value.

An edit never changes a document. It makes a new one that shares every untouched part with the old *by identity*,
and a stage of the pipeline runs again only when its input is not the object it had: that is the whole cache, and
keeping old documents is the whole undo.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from .calibration import Calibration, ViewObservation
from .camera import Camera
from .camera_path import CameraPath
from .doubts import MIRRORED
from .expressions import AUTOMATIC, MIXED, best_face, differences
from .framing import shown_part
from .geometry import Box
from .interop.conventions import USUAL, Reading
from .keypoints import HEAD, Keypoints2D, KeypointSchema
from .mask_bytes import mask_field
from .names import match_name
from .photo import Photo
from .refinement import Refinement
from .several_faces import SeveralFaces
from .unseen_half import Mirror, mirror_of
from .world_scale import KnownDistance

RenderMode = Literal["colour", "alpha", "depth", "normal", "photo", "blend", "influence", "unseen", "slice", "error"]
"""What a picture shows. From “photo” on it explains the avatar: which photo a pixel comes from, all photos' shares, the
reach of keypoints, what no photo saw, density in a plane, the difference from a photo."""
RenderQuality = Literal["interactive", "reference"]
RENDER_MODES: tuple[RenderMode, ...] = get_args(RenderMode)
RENDER_QUALITIES: tuple[RenderQuality, ...] = get_args(RenderQuality)


@dataclass(frozen=True)
class RenderSettings:
    """How the avatar is drawn; part of the document because it decides what an export looks like."""

    resolution: int = 768
    """Longest side of the picture, pixels."""
    quality: RenderQuality = "interactive"
    background: tuple[float, float, float] | None = None
    """Red, green, blue from 0 to 1 behind the avatar; None: transparent."""
    mode: RenderMode = "colour"
    sigma: float = HEAD.sigma
    """Reach of a keypoint's influence on the avatar, metres."""
    mirror: bool = True
    """The side of a head that no photo shows well is the mirror image of the other."""
    expression: str = AUTOMATIC
    """The name of the photo whose expression the face has; `MIXED`: of all photos; `AUTOMATIC`: of all that are alike,
    or of the best. A photo that is none of the avatar's sources counts as that."""


@dataclass(frozen=True, eq=False)
class DocumentView:
    """One photo with everything known about it."""

    photo: Photo
    mask: Float[np.ndarray, "h w"] = mask_field()
    """Foreground, 0 to 1 in steps of 1/255, of the photo's size; kept as bytes."""
    landmarks_px: Float[np.ndarray, "478 2"] | None
    """The detector's dense face landmarks; None: it saw no face."""
    detected: Keypoints2D
    """As the detector said, to snap back to."""
    keypoints: Keypoints2D
    """As they are now."""
    camera: Camera | None = None
    """Where the photo was taken, in world; None: not found yet."""
    focal_px: float | None = None
    """Focal length set by hand; None: the photo's own, where it has one."""
    lock_pose: bool = False
    """Solving keeps the camera where it is."""
    lock_focal: bool = False
    """Solving keeps the focal length."""
    lock_centre: bool = False
    """Solving keeps the principal point, instead of taking the middle of the photo."""
    held_out: bool = False
    """Kept to compare with: neither a source of the avatar nor of its keypoints."""

    faces: SeveralFaces | None = None
    """Whose face it is where the photo shows several, until a person has said; project files do not keep it."""

    detected_mask: Float[np.ndarray, "h w"] | None = mask_field(optional=True)
    """As the detector said, to go back to; None: `mask` is that still."""

    distortion: float = 0.0
    """Of the lens, taken out of everything here: by what share of its distance from the middle the photo shows a
    corner farther out than a pinhole would (below zero: nearer, a barrel)."""
    as_loaded: "DocumentView | None" = None
    """Photo, masks, landmarks and points with the distortion in them; None: there is none, they are those above."""

    def __post_init__(self) -> None:
        landmarks = self.landmarks_px
        if landmarks is not None and landmarks.flags.writeable:
            frozen = landmarks.view()
            frozen.flags.writeable = False
            object.__setattr__(self, "landmarks_px", frozen)

    @property
    def name(self) -> str:
        """The photo's name, unique in its document."""
        return self.photo.name

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo, pixels."""
        height, width = self.photo.rgb.shape[:2]
        return width, height


@dataclass(frozen=True, eq=False)
class Document:
    """Photos, what is known about them, and how to draw the avatar made of them."""

    views: tuple[DocumentView, ...] = ()
    calibration: Calibration | None = None
    """Cameras and 3D keypoints; None: not solved since views came or went. Its cameras *are* the views' cameras."""
    settings: RenderSettings = field(default_factory=RenderSettings)
    known_distance: KnownDistance | None = None
    """What a person has measured: sets the scale of the world whenever cameras are solved."""
    refinement: Refinement | None = None
    """What was found by refining the network on these photos; it stays while they are edited. None: nothing."""
    camera_path: CameraPath = field(default_factory=CameraPath)
    """Along which the avatar is filmed, in the head frame."""
    reading: Reading = USUAL
    """How the file that gave the cameras was understood when it was read; project files do not keep it."""

    def __post_init__(self) -> None:
        if self.calibration is not None:
            cameras = tuple(view.camera for view in self.views)
            solved = self.calibration.cameras
            if len(cameras) != len(solved) or any(a is not b for a, b in zip(cameras, solved, strict=True)):
                raise ValueError("a calibration enters a document through edits.apply_calibration")

    @property
    def schema(self) -> KeypointSchema:
        """Which keypoints the subject has."""
        return self.views[0].keypoints.schema if self.views else HEAD

    @property
    def names(self) -> tuple[str, ...]:
        """The views' names, in order."""
        return tuple(view.name for view in self.views)

    @property
    def sources(self) -> tuple[int, ...]:
        """Indices of the views the avatar is made of."""
        return tuple(index for index, view in enumerate(self.views) if not view.held_out)

    @property
    def unseen_half(self) -> Mirror | None:
        """What could stand in for the side of a head that no photo shows well (see `mirroring`)."""
        if self.calibration is None:
            return None
        cameras = [self.calibration.head_cameras[index] for index in self.sources]
        return mirror_of([float(np.arctan2(x, -z)) for x, _, z in (camera.position_in_world for camera in cameras)])

    @property
    def mirror(self) -> Mirror | None:
        """The same, where that is wanted."""
        return self.unseen_half if self.settings.mirror else None

    @cached_property
    def expression(self) -> int | None:
        """The view whose expression the face has; None: it is blended of all."""
        if self._chosen is not None or self.settings.expression == MIXED:
            return self._chosen
        if not self._differing:
            return None
        best = best_face([self.views[index].landmarks_px for index in self.sources])
        return None if best is None else self.sources[best]

    @property
    def _chosen(self) -> int | None:
        return next((index for index in self.sources if self.names[index] == self.settings.expression), None)

    @cached_property
    def _differing(self) -> list[str]:
        return differences([(self.names[index], self.views[index].landmarks_px) for index in self.sources])

    @cached_property
    def shown(self) -> Box:
        """The part of the subject's box that the avatar's photos show; all of it while there are no cameras."""
        if self.calibration is None:
            return self.schema.box
        cameras = [self.calibration.head_cameras[index] for index in self.sources]
        views = [self.views[index] for index in self.sources]
        masks, contents = [view.mask for view in views], [view.photo.content for view in views]
        return shown_part(self.schema.box, cameras, masks, contents)

    @property
    def encoded_from(self) -> tuple[object, ...]:
        """All that an encoding of the source photos depends on; while each is the same object, so is the encoding."""
        frame = None if self.calibration is None else self.calibration.world_from_head
        views = [self.views[index] for index in self.sources]
        parts = [part for view in views for part in (view.photo.rgb, view.mask, view.camera)]
        return frame, self.mirror is not None, *parts

    @property
    def told(self) -> tuple[str, ...]:
        """What a person should know about how the photos were read, in sentences; project files do not keep it."""
        faces = [view.faces.told(view.name) for view in self.views if view.faces is not None]
        return (*self.reading.told, *faces)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a person should know before trusting the avatar, in sentences."""
        warnings = self.calibration.warnings if self.calibration is not None else ()
        return (*self.told, *warnings, *self.remarks)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the avatar shows otherwise than the photos, in sentences."""
        sentences = []
        if (differing := "; ".join(self._differing)) and self._chosen is None:
            made = "mixed of all" if self.expression is None else f"those of {self.names[self.expression]}"
            sentences.append(f"{differing[0].upper()}{differing[1:]}: face and clothes are {made}.")
        if self.mirror is not None:
            sentences.append(MIRRORED)
        return tuple(sentences)

    @property
    def shows_nobody(self) -> bool:
        """Cameras were looked for, and are all guesses: there is no face in any photo, and no camera was given."""
        if self.calibration is None or any(view.lock_pose for view in self.views):
            return False
        return bool(np.isnan(self.calibration.residual_px).all())

    def view_index(self, name: str) -> int:
        """Position of a view by its file name, with or without ending; UserError when there is none."""
        return match_name(name, self.names)

    def observations(self) -> tuple[ViewObservation, ...]:
        """What calibration is told: current keypoints, and cameras as far as they are locked.

        A held-out view's keypoints are passed as occluded, so that the avatar's keypoints do not depend on it.
        """
        return tuple(_observe(view) for view in self.views)


def _observe(view: DocumentView) -> ViewObservation:
    keypoints = view.keypoints
    if view.held_out:
        keypoints = replace(keypoints, occluded=np.ones_like(keypoints.occluded))
    width, height = view.size
    return ViewObservation(
        name=view.name,
        width=width,
        height=height,
        focal_px=view.focal_px if view.focal_px is not None else view.photo.focal_px,
        keypoints=keypoints,
        landmarks_px=view.landmarks_px,
        picture=view.photo.rgb,
        camera=view.camera if view.lock_pose or view.lock_focal else None,
        lock_pose=view.lock_pose and view.camera is not None,
        lock_focal=view.lock_focal,
        principal_point_px=(view.camera.cx, view.camera.cy) if view.lock_centre and view.camera else None,
    )
