"""Photographs: read from a file, turned upright, brought to a workable size."""

import hashlib
import struct
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from jaxtyping import Float, UInt8

from .borders import Content, content_of
from .errors import UserError

if TYPE_CHECKING:
    from PIL import Image

FULL_FRAME_DIAGONAL_MM = 43.2666
"""Diagonal of 36 x 24 mm film, what a 35 mm equivalent focal length is measured against (CIPA DCG-001)."""
BELIEVABLE_FOCALS_MM = 9.0, 320.0
"""35 mm equivalents that people are photographed with. Beyond them the entries belong to another picture: programs that
make a photo smaller, or cut from it, note the new sides and leave the sensor's pixels per millimetre."""
LARGEST_MEGAPIXELS = 178
"""Beyond this Pillow takes a file for a decompression bomb; no camera that people carry comes near."""
SMALLEST_SIDE_PX = 32
READABLE = "JPEG, PNG and WebP"

_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
_FOCAL_LENGTH, _FOCAL_LENGTH_35MM = 0x920A, 0xA405
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_PLANE_X_RESOLUTION, _PLANE_UNIT = 0xA20E, 0xA210
_MILLIMETRES_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}


@dataclass(frozen=True, eq=False)
class Photo:
    """One picture as the pipeline sees it: upright, 8-bit RGB, at most so large. Compared by identity."""

    name: str
    """File name with its ending."""
    path: Path | None
    """Where it was read from; None for a picture that never was a file."""
    rgb: UInt8[np.ndarray, "h w 3"]
    focal_px: float | None
    """Focal length in pixels of `rgb` where the file tells it, else None."""
    sha256: str
    """Of the bytes of the file, to find it again when it has moved."""

    def __post_init__(self) -> None:
        pixels = np.array(self.rgb, dtype=np.uint8)
        pixels.flags.writeable = False
        object.__setattr__(self, "rgb", pixels)

    @cached_property
    def content(self) -> Content:
        """What the camera saw, within frames and bars."""
        return content_of(self.rgb)

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.rgb.shape[1]

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.rgb.shape[0]


def load_photo(path: str | Path, *, max_side: int = 2048) -> Photo:
    """Read a photo, turn it upright as its EXIF says and scale it so that no side exceeds `max_side` pixels.

    Transparency is laid over white; grey, palette and 16-bit pictures become 8-bit RGB; colour profiles are
    ignored. A large JPEG is decoded at reduced size, so that 60 megapixels need no more memory than 15.
    Raises UserError, naming the file, where there is no photo to be had.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            rgb, focal_px = _decode(file, path.name, max_side)
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", "Check the name and the folder.") from error
    except IsADirectoryError as error:
        raise UserError(f"{path} is a folder, not a photo.", "Choose the photos inside it.") from error
    except OSError as error:
        raise UserError(f"{path.name} cannot be read: {error.strerror}.", "Copy it elsewhere and try again.") from error
    return Photo(name=path.name, path=path, rgb=rgb, focal_px=focal_px, sha256=digest)


def square_crop(
    rgb: UInt8[np.ndarray, "h w 3"], middle_px: tuple[float, float], side_px: float, pixels: int
) -> tuple[UInt8[np.ndarray, "p p 3"], Float[np.ndarray, "2 3"]]:
    """A square of the photo, `side_px` wide round `middle_px`, resampled to `pixels` x `pixels`; and crop_from_photo.

    It may leave the photo, whose edge is then repeated. Shrinking averages, so that nothing aliases. The affine
    matrix maps pixels of the photo to pixels of the crop.
    """
    import cv2

    scale = pixels / side_px
    crop_from_photo = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    crop_from_photo[:, 2] = 0.5 * (pixels - 1) - scale * np.asarray(middle_px, dtype=np.float64)
    source_from_photo = np.eye(3)
    if scale < 0.75:
        height, width = rgb.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrink = np.array([size[0] / width, size[1] / height])
        source_from_photo[[0, 1], [0, 1]] = shrink
        source_from_photo[:2, 2] = 0.5 * shrink - 0.5
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    crop_from_source = crop_from_photo @ np.linalg.inv(source_from_photo)
    crop = cv2.warpAffine(
        rgb, crop_from_source, (pixels, pixels), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return crop, crop_from_photo


def _decode(file: BinaryIO, name: str, max_side: int) -> tuple[np.ndarray, float | None]:
    """Pixels and focal length (pixels) of an open file; UserError where it holds no whole photo."""
    from PIL import Image, UnidentifiedImageError

    head = file.read(16)
    file.seek(0)
    if not head:
        raise UserError(f"{name} is empty (0 bytes).", "Copy the photo again from where it came.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(file, formats=("JPEG", "PNG", "WEBP"))
        exif = _exif(image)
        full_size = image.size
        if min(full_size) < SMALLEST_SIDE_PX:
            raise UserError(
                f"{name} is only {full_size[0]} x {full_size[1]} pixels.",
                f"Choose a photo with at least {SMALLEST_SIDE_PX} pixels a side.",
            )
        reduction = max(1, max(full_size) // (2 * max_side))
        # JPEG only: scaled by the decoder, at no cost; it asks both sides, so each is given its share.
        image.draft("RGB", (full_size[0] // reduction, full_size[1] // reduction))
        image.load()
        upright = _turned(_shrunk(_as_rgb(image), max_side), int(_number(exif.get(_ORIENTATION)) or 1))
    except Image.DecompressionBombError as error:
        raise UserError(
            f"{name} is larger than {LARGEST_MEGAPIXELS} megapixels.", "Save it smaller and try again."
        ) from error
    except UnidentifiedImageError as error:
        raise _not_a_photo(name, head) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise UserError(
            f"{name} is damaged: the picture breaks off before its end.", "Copy the photo again from where it came."
        ) from error
    focal = focal_from_exif(exif, full_size)
    scale = float(np.hypot(*upright.size) / np.hypot(*full_size))
    return np.asarray(upright), None if focal is None else focal * scale


def _not_a_photo(name: str, head: bytes) -> UserError:
    """The sentence for a file that Pillow does not know, by its first bytes."""
    if head.startswith((b"\xff\xd8", b"\x89PNG")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return UserError(f"{name} is damaged and cannot be opened.", "Copy the photo again from where it came.")
    if head[4:8] == b"ftyp":
        return UserError(f"{name} is a HEIC, AVIF or video file.", "Export the photo as JPEG and open that.")
    return UserError(f"{name} is not a photo.", f"Choose a picture file: {READABLE} can be read.")


def _exif(image: "Image.Image") -> dict[int, object]:
    """All EXIF entries as one table; broken EXIF counts as none, the pixels are still good."""
    try:
        exif = image.getexif()
        return {**exif, **exif.get_ifd(_EXIF_IFD)}
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return {}


def focal_from_exif(exif: dict[int, object], size: tuple[int, int]) -> float | None:
    """Focal length in pixels of a picture of `size` (width, height) as stored, from its EXIF entries.

    First choice is the 35 mm equivalent, which compares diagonals; then the true focal length with the pixel
    density of the sensor. None where neither is told, is believable, or the picture was cropped afterwards: then
    its sides are no longer in the ratio that the camera noted.
    """
    width, height = _number(exif.get(_PIXEL_WIDTH)), _number(exif.get(_PIXEL_HEIGHT))
    if width and height and abs((max(size) / min(size)) / (max(width, height) / min(width, height)) - 1) > 0.02:
        return None
    diagonal = float(np.hypot(*size))
    focal: float | None = None
    equivalent = _number(exif.get(_FOCAL_LENGTH_35MM))
    length, density = _number(exif.get(_FOCAL_LENGTH)), _number(exif.get(_PLANE_X_RESOLUTION))
    if equivalent:
        focal = equivalent / FULL_FRAME_DIAGONAL_MM * diagonal
    elif length and density and width and height:
        unit = _MILLIMETRES_PER_UNIT.get(int(_number(exif.get(_PLANE_UNIT)) or 2), 25.4)
        focal = length * density / unit * diagonal / float(np.hypot(width, height))
    low, high = BELIEVABLE_FOCALS_MM
    return focal if focal is not None and low < focal / diagonal * FULL_FRAME_DIAGONAL_MM < high else None


def _number(value: object) -> float | None:
    """A positive finite number, or None: EXIF holds zeros for 'unknown', and fractions over zero."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if np.isfinite(number) and number > 0 else None


def _as_rgb(image: "Image.Image") -> "Image.Image":
    """Three 8-bit channels, transparency over white."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # 16-bit grey: `convert` would clip instead of scale
        grey = np.asarray(image, dtype=np.float64)
        top = 65535.0 if grey.max() > 255 else 255.0
        image = Image.fromarray((np.clip(grey / top, 0, 1) * 255).round().astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(canvas, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _shrunk(image: "Image.Image", max_side: int) -> "Image.Image":
    """Scaled down, never up, to at most `max_side` pixels a side."""
    from PIL import Image

    scale = max_side / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.size[0] * scale)), max(1, round(image.size[1] * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _turned(image: "Image.Image", orientation: int) -> "Image.Image":
    """Upright, by the EXIF orientation (1 to 8)."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image
