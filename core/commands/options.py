"""What several commands ask for in the same words, and how they answer."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..document import Document
    from ..source import Report

SOURCE_HELP = (
    "photos or a folder of them, a project file (.kpnerf), or a capture folder (pictures beside a transforms.json, "
    "COLMAP's model, or EasyMocap's intri.yml and extri.yml)"
)
Colour = tuple[float, float, float]


def add_source(parser: argparse.ArgumentParser) -> None:
    """SOURCE…, as `options.source`."""
    parser.add_argument("source", nargs="+", metavar="SOURCE", help=SOURCE_HELP)


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json, as `options.json`."""
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")


def add_avatar(parser: argparse.ArgumentParser) -> None:
    """What the avatar is made of: --sources, --no-mirror, --expression."""
    parser.add_argument(
        "--sources", nargs="+", metavar="NAME", help="make the avatar of these pictures only; default: of all"
    )
    parser.add_argument(
        "--no-mirror",
        action="store_true",
        help="do not have a mirror image stand in for a side of the head that no photo shows well",
    )
    parser.add_argument(
        "--expression",
        metavar="NAME",
        help="the picture whose expression and clothes the avatar has; mixed: of all, as the network blends "
        "them; automatic (the default): of all where eyes and mouth are alike, else of one that looks ahead with open "
        "eyes",
    )


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """`add_avatar`, and how it is drawn: --size, --quality, --mode, --background, --plain."""
    add_avatar(parser)
    parser.add_argument("--size", type=positive_int, metavar="N", help="longest side, pixels")
    parser.add_argument("--quality", choices=("interactive", "reference"), help="default: as the source says")
    parser.add_argument("--mode", choices=("colour", "alpha", "depth", "normal"), help="what to draw")
    parser.add_argument("--background", type=colour, metavar="RRGGBB", help="default: transparent, in films white")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="as the network has learnt it: surfaces as soft as they are, and no fading where the avatar or photos end",
    )


def add_film(parser: argparse.ArgumentParser) -> None:
    """`add_drawing`, and how pictures become a film: --fps, --json, -o."""
    parser.add_argument("--fps", type=positive_int, default=24, metavar="N", help="default: 24")
    add_drawing(parser)
    add_json(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=".mp4, .gif, or a folder")


def positive_int(text: str) -> int:
    """A whole number above zero, for argparse."""
    number = int(text)
    if number <= 0:
        raise ValueError(text)
    return number


def colour(text: str) -> Colour:
    """A colour in six hexadecimal digits, for argparse."""
    digits = text.removeprefix("#")
    if len(digits) != 6:
        raise ValueError(text)
    red, green, blue = bytes.fromhex(digits)
    return red / 255, green / 255, blue / 255


def reporter(*, quiet: bool) -> "Report | None":
    """Tells on the terminal what is being done, on one line that is overwritten; nothing where nobody looks."""
    if quiet or not sys.stderr.isatty():
        return None

    def report(text: str, share: float | None) -> None:
        percent = "" if share is None else f" {round(100 * share)} %"
        print(f"\r\033[K{text}{percent}", end="\r" if share == 1 else "", file=sys.stderr, flush=True)

    return report


def load(paths: Sequence[str], *, quiet: bool, names: Sequence[str] | None = None) -> "Document":
    """A solved document; unless `quiet`, the standard error hears what is being done and what is doubtful."""
    from ..source import load_source

    document = load_source(paths, names=names, report=reporter(quiet=quiet))
    assert document.calibration is not None, "load_source solves"
    tell((*document.told, *document.calibration.warnings), quiet=quiet)
    return document


def tell(sentences: Sequence[str], *, quiet: bool) -> None:
    """On the standard error, a line each; not at all where `quiet`."""
    for sentence in () if quiet else sentences:
        print(sentence, file=sys.stderr)


def load_with_sources(
    paths: Sequence[str], sources: Sequence[str] | None, also: Sequence[str], *, quiet: bool
) -> "Document":
    """A solved document whose avatar is made of `sources` only; of `also`, only the cameras matter."""
    from .. import edits

    names = None if sources is None else [*sources, *(name for name in also if name not in sources)]
    document = load(paths, quiet=quiet, names=names)
    for name in also:
        document.view_index(name)  # a name that nobody has is told before anything is drawn
    if sources is not None:
        kept = {document.view_index(name) for name in sources}
        for index in range(len(document.views)):
            document = edits.hold_out(document, index, held_out=index not in kept)
    return document


def print_json(value: Any) -> None:
    """One JSON value on the standard output; what is not a number is null."""
    print(json.dumps(_without_nan(value), indent=1, ensure_ascii=False))


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value
