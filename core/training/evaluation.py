"""Compare the avatar with photos that it has not seen.

The avatar is made of the --sources only; each --target is rendered from its own camera. The true picture is black
outside its mask, which is cut to the projection of the subject's box; the rendering is composited over black as it
is, so a fat or thin silhouette costs.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from ..camera import Camera
from ..detection import detect
from ..errors import UserError
from ..export import write_image
from ..figures import Picture, ms_ssim, outline_distance, psnr, ssim
from ..geometry import Box
from ..head_placement import in_head_frame
from ..interop.formats import load_capture
from ..names import short_names
from ..pipeline import WEIGHTS, Avatar
from ..render.renderer import Quality
from ..source import load_source
from ..subject import cut_to_box

Mask = Float[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False)
class Truth:
    """A picture to compare with."""

    picture: Picture
    """In [0, 1], black outside the mask."""
    mask: Mask
    camera: Camera
    """In the head frame."""


def truth_of(rgb: np.ndarray, mask: Mask, camera_in_head: Camera, box: Box, size: int | None = None) -> Truth:
    """The target of a comparison, its longer side resampled to `size` pixels."""
    mask = cut_to_box(mask, camera_in_head, box).astype(np.float32)
    picture = rgb.astype(np.float32) / 255 * mask[..., None]
    height, width = mask.shape
    if size is not None and max(width, height) != size:
        scale = size / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (width, height), interpolation=interpolation)
        mask = cv2.resize(mask, (width, height), interpolation=interpolation)
    return Truth(picture, mask, camera_in_head.resized(width, height))


def compare(rendered: Float[np.ndarray, "h w 4"], truth: Truth) -> dict[str, float]:
    """PSNR, SSIM and MS-SSIM in the box of the true mask, in its foreground, over the whole picture; masks compared.

    mask_overlap is the intersection over the union, outline_px the median distance of outlines, pixels.
    """
    shown = rendered[..., :3] * rendered[..., 3:]
    rows, columns = np.nonzero(truth.mask > 0.5)
    if len(rows) == 0:
        raise UserError("The mask of a target is empty.", "Give a mask_path, or a photo with a person in it.")
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    inside = truth.mask > 0.5
    alpha = rendered[..., 3] > 0.5
    return {
        "psnr_box": psnr(shown[box], truth.picture[box]),
        "ssim_box": ssim(shown[box], truth.picture[box]),
        "ms_ssim_box": ms_ssim(shown[box], truth.picture[box]),
        "psnr_foreground": psnr(shown[inside], truth.picture[inside]),
        "psnr_image": psnr(shown, truth.picture),
        "ssim_image": ssim(shown, truth.picture),
        "mask_overlap": float((inside & alpha).sum() / max(1, (inside | alpha).sum())),
        "outline_px": outline_distance(alpha, inside),
    }


def evaluate_capture(
    avatar: Avatar,
    capture: Path,
    sources: list[str],
    targets: list[str],
    *,
    size: int | None,
    quality: Quality,
    called: str,
    out: Path | None = None,
) -> dict[str, dict[str, float]]:
    """The figures of every target of one capture folder, and side-by-side pictures of them in `out`, whose names begin
    with what it is `called`.

    Raises UserError where a target's camera is not in the folder: it cannot be found from the sources.
    """
    document = load_source([capture], names=sources)
    assert document.calibration is not None
    encoded = avatar.encode(document, largest=size)
    results: dict[str, dict[str, float]] = {}
    pictures = load_capture(capture, names=targets)
    for photo, camera, mask in zip(pictures.photos, pictures.cameras, pictures.masks, strict=True):
        if camera is None:
            raise UserError(f"{photo.name} has no camera in {capture}.", "Targets need cameras that are known.")
        mask = detect(photo).mask if mask is None else mask
        seen_from = in_head_frame(document.reading.of(camera), document.calibration.world_from_head)
        truth = truth_of(photo.rgb, mask, seen_from, document.schema.box, size)
        frame = avatar.picture(encoded, document, truth.camera, quality=quality)
        results[photo.name] = compare(frame.rgba, truth)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            _write_side_by_side(out / f"{called.replace('/', '_')}_{Path(photo.name).stem}.png", frame.rgba, truth)
    return results


def mean(figures: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean of every figure over the targets that have it: a small one has no MS-SSIM; NaN where none has."""
    rows = list(figures.values())
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}
    known = {name: column[np.isfinite(column)] for name, column in columns.items()}
    return {name: float(column.mean()) if len(column) else np.nan for name, column in known.items()}


def side_by_side(rendered: Float[np.ndarray, "h w 4"], truth: Truth) -> Float[np.ndarray, "h w2 3"]:
    """True picture, rendering, four times their difference."""
    shown = rendered[..., :3] * rendered[..., 3:]
    return np.concatenate([truth.picture, shown, np.abs(shown - truth.picture) * 4], axis=1).clip(0, 1)


def _write_side_by_side(path: Path, rendered: Float[np.ndarray, "h w 4"], truth: Truth) -> None:
    strip = side_by_side(rendered, truth)
    write_image(path, np.concatenate([strip, np.ones_like(strip[..., :1])], axis=-1).astype(np.float32))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `kpnerf eval`."""
    parser.add_argument("captures", nargs="+", type=Path, metavar="CAPTURE", help="capture folders")
    parser.add_argument("--sources", nargs="+", metavar="NAME", help="pictures the avatar is made of")
    parser.add_argument("--target", nargs="+", metavar="NAME", help="pictures to compare with")
    parser.add_argument(
        "--suite", action="store_true", help="the whole examination instead, of captures made by `kpnerf synth`"
    )
    parser.add_argument(
        "--cameras", action="store_true", help="how well cameras are found instead, of captures whose cameras are known"
    )
    parser.add_argument("--size", type=int, metavar="N", help="longer side to compare at, pixels; default: as they are")
    parser.add_argument("--quality", choices=("interactive", "reference"), default="reference")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="FILE", help="other weights")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="side-by-side pictures, or the page of --suite, go here"
    )
    parser.add_argument("--json", action="store_true", help="print figures as JSON")


def run(args: argparse.Namespace) -> int:
    """`kpnerf eval`."""
    if args.suite:
        return _run_suite(args)
    if args.cameras:
        from .calibration_report import USUAL_VIEWS, calibration_table, formatted

        print(formatted(calibration_table(args.captures, names=args.sources or USUAL_VIEWS)))
        return 0
    if not args.sources or not args.target:
        raise UserError("Nothing was named to compare.", "Give --sources and --target, --suite or --cameras.")
    avatar = Avatar.load(args.weights)
    figures: dict[str, dict[str, float]] = {}
    for capture, called in zip(args.captures, short_names(args.captures), strict=True):
        found = evaluate_capture(
            avatar,
            capture,
            args.sources,
            args.target,
            size=args.size,
            quality=args.quality,
            out=args.output,
            called=called,
        )
        several = len(args.captures) > 1
        figures |= {f"{called}/{name}" if several else name: row for name, row in found.items()}
    average = mean(figures)
    if args.json:
        print(json.dumps({"targets": figures, "mean": average}, indent=2))
        return 0
    names = list(average)
    print(f"{'':<36}" + "".join(f"{name:>17}" for name in names))
    for target, row in [*figures.items(), ("mean", average)]:
        print(f"{target:<36}" + "".join(f"{row[name]:>17.3f}" for name in names))
    return 0


def _run_suite(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from . import suite
    from .report_page import mean_figures, write_report

    if args.output is None:
        raise UserError("The examination writes a page.", "Say where with -o FOLDER.")
    size = args.size or 256
    avatar, conditions = Avatar.load(args.weights), suite.CONDITIONS
    results = suite.examine(
        avatar, args.captures, conditions=conditions, size=size, quality=args.quality, say=tqdm.write
    )
    about = [
        f"{len(args.captures)} people, pictures of {size}², {args.quality} renderer, weights {args.weights.name}. "
        "Nothing is multiplied by the true mask: a fat or a thin outline costs.",
        "The box is that of the true mask, cut to what is seen through the subject's box.",
    ]
    kept = write_report(args.output, iter(tqdm(results, unit="picture")), title="How like the avatar is", about=about)
    names = list(dict.fromkeys(row.condition for row in kept))
    means = {name: mean_figures([row for row in kept if row.condition == name]) for name in names}
    if args.json:
        print(json.dumps(means, indent=2))
    else:
        for name, row in means.items():
            print(f"{name:<36}" + "".join(f"{label}: {value:.3f}  " for label, value in row.items()))
    return 0
