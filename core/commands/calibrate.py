"""Find where every photo was taken, and the keypoints in space.

The JSON names things as transforms.json does: fl_x, fl_y, cx, cy, w, h in pixels, the principal point measured from
the corner of the picture. world_from_camera is a 4 x 4 matrix in metres and OpenCV axes (x right, y down, z forward);
residual_px is the median distance between a picture's points and their reprojection. suspects are all points of all
pictures, the one that hurts most first: how far it is from where everything else has it, and how far the point is off
with and without it, pixels. doubts are sentences about what cannot be right.
With -o, the result is written as a project (.kpnerf) or as a capture folder.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import options as shared

if TYPE_CHECKING:
    from ..document import Document
    from ..steps import Step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    shared.add_json(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="PATH", help="a .kpnerf file, or a folder")


def run(options: argparse.Namespace) -> int:
    """Solve, report, write."""
    document = shared.load(options.source, quiet=options.json)
    shared.tell(document.remarks, quiet=options.json)
    if options.output is not None:
        _write(document, options.output, options.source)
    record = calibration_as_json(document)
    if options.json:
        shared.print_json(record)
        return 0
    for view in record["views"]:
        print(f"{view['name']}  focal length {view['fl_x']:.0f} px  residual {view['residual_px']:.2f} px")
    return 0


def calibration_as_json(document: "Document") -> dict[str, Any]:
    """Cameras, residuals and 3D keypoints of a solved document."""
    from ..interop.transforms_json import camera_to_frame
    from ..point_doubts import doubt_cameras, doubt_points
    from ..ranking import rank

    calibration = document.calibration
    if calibration is None:
        raise ValueError("the document is not solved")
    views = []
    for name, camera, residual_px in zip(document.names, calibration.cameras, calibration.residual_px, strict=True):
        lens = {key: value for key, value in camera_to_frame(camera).items() if key != "transform_matrix"}
        views.append(
            {"name": name}
            | lens
            | {"world_from_camera": camera.world_from_camera.tolist(), "residual_px": float(residual_px)}
        )
    keypoints, observed = calibration.keypoints, document.observations()
    ranking = rank(observed, calibration.cameras, calibration.world_from_head)
    doubts = doubt_points(observed, calibration.cameras, keypoints, calibration.world_from_head, ranking.points)
    return {
        "views": views,
        "keypoints_in_head": dict(zip(keypoints.schema.names, keypoints.xyz.tolist(), strict=True)),
        "world_from_head": calibration.world_from_head.tolist(),
        "suspects": [
            {
                "view": document.names[suspect.view],
                "keypoint": suspect.name,
                "away_px": suspect.away_px,
                "before_px": suspect.before_px,
                "after_px": suspect.after_px,
            }
            for suspect in ranking.points
        ],
        "doubts": [
            *document.doubts,
            *doubt_cameras(observed, ranking.views),
            *dict.fromkeys(doubt.text for doubt in doubts),
        ],
    }


def _write(document: "Document", path: Path, sources: list[str]) -> None:
    from ..atomic_file import cannot_write
    from ..interop.capture import Capture
    from ..interop.transforms_json import write_capture
    from ..project_file import ENDING, save_project

    if path.suffix == ENDING:
        save_project(document, path, history=history_of(sources))
        return
    capture = Capture(
        photos=tuple(view.photo for view in document.views),
        cameras=tuple(view.camera for view in document.views),
        masks=tuple(view.mask for view in document.views),
        keypoints=tuple(
            {
                name: (float(x), float(y))
                for name, (x, y), usable in zip(
                    view.keypoints.schema.names, view.keypoints.xy_px, view.keypoints.usable, strict=True
                )
                if usable
            }
            for view in document.views
        ),
    )
    try:
        write_capture(path, capture)
    except OSError as error:
        raise cannot_write(path / "transforms.json", error) from error


def history_of(sources: list[str]) -> "tuple[Step, ...]":
    """Where a project comes from; of one that was opened, what was done before."""
    from ..project_file import ENDING, open_with_history
    from ..steps import opening

    if sources[0].endswith(ENDING):
        return open_with_history(sources[0])[1]
    return (opening(sources),)
