"""How well cameras are found, against captures whose cameras are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from ..calibration import ViewObservation, calibrate
from ..camera import Camera
from ..detection import detect
from ..interop.conventions import fitting_reading
from ..interop.formats import convention_of, load_capture
from ..names import short_names

USUAL_VIEWS = ("left", "front", "right")


@dataclass(frozen=True)
class CalibrationRow:
    """One capture solved as if nothing were known of its cameras."""

    name: str
    views: int
    rotation_degrees: float
    """Largest error of the rotation between two of its views."""
    focal_error: float
    """Found over true focal length, less one."""
    residual_px: float
    """Median of the landmarks' distances, over all views."""
    warnings: int


def calibration_table(captures: Sequence[Path], *, names: Sequence[str] = USUAL_VIEWS) -> list[CalibrationRow]:
    """Solve these pictures of every capture folder and compare with the cameras in its transforms.json.

    Raises UserError where a capture lacks one of the pictures; a capture without known cameras is passed over.
    """
    rows = []
    for folder, name in zip(captures, short_names(captures), strict=True):
        capture = load_capture(folder, names=names)
        given = [camera for camera in capture.cameras if camera is not None]
        if len(given) != len(capture.photos):
            continue
        views = []
        for photo, camera in zip(capture.photos, given, strict=True):
            found = detect(photo)
            views.append(
                ViewObservation(
                    name=photo.name,
                    width=photo.width,
                    height=photo.height,
                    focal_px=None,
                    keypoints=found.keypoints,
                    landmarks_px=found.landmarks_px,
                    camera=camera,
                    picture=photo.rgb,
                )
            )
        reading = fitting_reading(views, convention_of(folder))
        true = [reading.of(camera) for camera in given]
        solved = calibrate([replace(view, camera=None) for view in views])
        pairs = combinations(range(len(true)), 2)
        rows.append(
            CalibrationRow(
                name=name,
                views=len(true),
                rotation_degrees=max((_turn_error(solved.cameras, true, i, j) for i, j in pairs), default=0.0),
                focal_error=max((a.fx / b.fx - 1 for a, b in zip(solved.cameras, true, strict=True)), key=abs),
                residual_px=float(np.median(solved.residual_px)),
                warnings=len(solved.warnings),
            )
        )
    return rows


def formatted(rows: Sequence[CalibrationRow]) -> str:
    """The table as Markdown, with the medians in its last line."""
    lines = ["| capture | views | rotation | focal | residual | warnings |", "|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row.name} | {row.views} | {row.rotation_degrees:.2f}° | {100 * row.focal_error:+.1f} % "
            f"| {row.residual_px:.2f} px | {row.warnings} |"
        )
    if rows:
        turn, focal, residual = np.median(
            [[row.rotation_degrees, abs(row.focal_error), row.residual_px] for row in rows], axis=0
        )
        lines.append(f"| median | | {turn:.2f}° | {100 * focal:.1f} % | {residual:.2f} px | |")
    return "\n".join(lines)


def _turn_error(found: Sequence[Camera], true: Sequence[Camera], i: int, j: int) -> float:
    """Degrees between the found and the true rotation from view j to view i."""
    found_turn, true_turn = (
        cameras[i].world_from_camera[:3, :3].T @ cameras[j].world_from_camera[:3, :3] for cameras in (found, true)
    )
    cosine = 0.5 * (np.trace(found_turn.T @ true_turn) - 1)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
