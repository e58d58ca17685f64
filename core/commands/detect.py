"""Find the keypoints and the foreground of every photo; of several people in one, of the person whom the others show.

With -o, the folder gets a keypoints.json and a mask for each photo, as capture folders have them.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import options as shared

if TYPE_CHECKING:
    from ..document import DocumentView


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    shared.add_json(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder for keypoints.json and masks")


def run(options: argparse.Namespace) -> int:
    """Detect, report, write."""
    from ..source import read_source

    document = read_source(options.source, report=shared.reporter(quiet=options.json))
    if options.output is not None:
        _write(options.output, document.views)
    if options.json:
        shared.print_json({"views": [_record(view) for view in document.views]})
        return 0
    for view in document.views:
        width, height = view.size
        seen = "no face found" if view.landmarks_px is None else f"{int(view.keypoints.usable.sum())} keypoints"
        print(f"{view.name}  {width} x {height}  {seen}")
    for sentence in document.told:
        print(sentence, file=sys.stderr)
    return 0


def _record(view: "DocumentView") -> dict[str, Any]:
    width, height = view.size
    points = view.keypoints
    return {
        "name": view.name,
        "w": width,
        "h": height,
        "focal_px": view.photo.focal_px,
        "face": view.landmarks_px is not None,
        "keypoints": {
            name: {
                "xy_px": points.xy_px[index].tolist(),
                "confidence": float(points.confidence[index]),
                "usable": bool(points.usable[index]),
            }
            for index, name in enumerate(points.schema.names)
        },
    }


def _write(folder: Path, views: "tuple[DocumentView, ...]") -> None:
    import json

    from PIL import Image

    from ..atomic_file import cannot_write
    from ..export import to_bytes

    try:
        (folder / "masks").mkdir(parents=True, exist_ok=True)
        places = {}
        for view in views:
            points = view.keypoints
            places[view.name] = {
                name: points.xy_px[index].tolist()
                for index, name in enumerate(points.schema.names)
                if points.usable[index]
            }
            Image.fromarray(to_bytes(view.mask)).save(folder / "masks" / f"{Path(view.name).stem}.png")
        (folder / "keypoints.json").write_text(json.dumps(places, indent=1), encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder / "keypoints.json", error) from error
