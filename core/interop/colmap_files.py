"""COLMAP's two files, as text and as bytes: what they say, not yet what it means.

The layouts are those of COLMAP's documentation ("Output format"); numbers in binary files are little-endian.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

MODELS = (
    ("SIMPLE_PINHOLE", 3),
    ("PINHOLE", 4),
    ("SIMPLE_RADIAL", 4),
    ("RADIAL", 5),
    ("OPENCV", 8),
    ("OPENCV_FISHEYE", 8),
    ("FULL_OPENCV", 12),
    ("FOV", 5),
    ("SIMPLE_RADIAL_FISHEYE", 4),
    ("RADIAL_FISHEYE", 5),
    ("THIN_PRISM_FISHEYE", 12),
    ("RAD_TAN_THIN_PRISM_FISHEYE", 16),
    ("SIMPLE_DIVISION", 4),
    ("DIVISION", 5),
    ("SIMPLE_FISHEYE", 3),
    ("FISHEYE", 4),
    ("EUCM", 6),
    ("EQUIRECTANGULAR", 2),
)
"""Names of camera models and how many parameters each has; a model's number is its place here."""

_BYTES_OF_A_POINT = 24
"""Two doubles and a number: where a picture shows a point, and which. Not needed here."""


@dataclass(frozen=True)
class Lens:
    """A line of `cameras.txt`."""

    model: str
    width: int
    height: int
    parameters: tuple[float, ...]


@dataclass(frozen=True)
class Shot:
    """A line of `images.txt`: a picture that was placed."""

    name: str
    """Its path in the folder of pictures."""
    camera: int
    """The key of its lens."""
    quaternion: tuple[float, ...]
    """From the world to the camera: w, x, y, z."""
    translation: tuple[float, ...]
    """From the world to the camera."""


def read_lenses(file: Path) -> dict[int, Lens]:
    """What `cameras.txt` or `cameras.bin` holds; UserError where it is damaged or something else."""
    return _lenses_in_bytes(_Bytes.of(file)) if file.suffix == ".bin" else _lenses_in_text(file)


def read_shots(file: Path) -> list[Shot]:
    """What `images.txt` or `images.bin` holds; UserError where it is damaged or something else."""
    return _shots_in_bytes(_Bytes.of(file)) if file.suffix == ".bin" else _shots_in_text(file)


# --- text -------------------------------------------------------------------------------------------------------


def _lenses_in_text(file: Path) -> dict[int, Lens]:
    lenses = {}
    for number, line in _lines(file):
        if not line or line.startswith("#"):
            continue
        try:
            key, model, width, height, *parameters = line.split()
            lenses[int(key)] = Lens(model, int(width), int(height), tuple(float(value) for value in parameters))
        except ValueError as error:
            raise _strange_line(file, number) from error
    return lenses


def _shots_in_text(file: Path) -> list[Shot]:
    shots = []
    lines = iter(_lines(file))
    for number, line in lines:
        if not line or line.startswith("#"):
            continue
        try:
            _, *pose, camera, name = line.split(maxsplit=9)
            if len(pose) != 7:
                raise ValueError
            numbers = tuple(float(value) for value in pose)
            shots.append(Shot(name, int(camera), numbers[:4], numbers[4:]))
        except ValueError as error:
            raise _strange_line(file, number) from error
        number, points = next(lines, (number, ""))  # of no point, too, there is a line, which is empty
        if len(points.split()) % 3 != 0:
            raise _strange_line(file, number)
    return shots


def _lines(file: Path) -> list[tuple[int, str]]:
    """Lines with their numbers, from 1."""
    try:
        return [(number, line.strip()) for number, line in enumerate(file.read_text("utf-8").split("\n"), 1)]
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is no text.", "Write it again with COLMAP.") from error
    except OSError as error:
        raise _unreadable(file) from error


def _strange_line(file: Path, number: int) -> UserError:
    kinds = "two lines for each picture" if file.stem == "images" else "a line for each camera"
    return UserError(f"Line {number} of {file} makes no sense.", f"COLMAP writes {kinds} there: write it again.")


# --- bytes ------------------------------------------------------------------------------------------------------


@dataclass
class _Bytes:
    """A binary file, read from its beginning."""

    file: Path
    content: bytes
    position: int = 0

    @classmethod
    def of(cls, file: Path) -> "_Bytes":
        try:
            return cls(file, file.read_bytes())
        except OSError as error:
            raise _unreadable(file) from error

    def take(self, kinds: str) -> tuple:
        """The next values, of the kinds that `struct` has letters for."""
        form = "<" + kinds
        start = self.skip(struct.calcsize(form))
        return struct.unpack_from(form, self.content, start)

    def skip(self, count: int) -> int:
        """Pass over bytes; where they began."""
        start = self.position
        self.position += count
        if self.position > len(self.content):
            raise self.damaged("it ends too early")
        return start

    def text(self) -> str:
        """The next characters up to a zero."""
        end = self.content.find(b"\0", self.position)
        if end < 0:
            raise self.damaged("it ends too early")
        start = self.skip(end + 1 - self.position)
        try:
            return self.content[start:end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.damaged("a name in it is no text") from error

    def damaged(self, how: str) -> UserError:
        return UserError(f"{self.file} is damaged: {how}.", "Copy it again, or write it again with COLMAP.")


def _lenses_in_bytes(source: _Bytes) -> dict[int, Lens]:
    lenses = {}
    (count,) = source.take("Q")
    for _ in range(count):
        key, number, width, height = source.take("iiQQ")
        if not 0 <= number < len(MODELS):
            raise UserError(
                f"{source.file} has a camera of an unknown kind ({number}).",
                "It is damaged, or of another COLMAP: have “colmap model_converter” write it as text.",
            )
        model, parameters = MODELS[number]
        lenses[key] = Lens(model, width, height, source.take(f"{parameters}d"))
    return lenses


def _shots_in_bytes(source: _Bytes) -> list[Shot]:
    shots = []
    (count,) = source.take("Q")
    for _ in range(count):
        _, *numbers, camera = source.take("I7di")
        name = source.text()
        (points,) = source.take("Q")
        source.skip(points * _BYTES_OF_A_POINT)
        shots.append(Shot(name, camera, tuple(numbers[:4]), tuple(numbers[4:])))
    return shots


def _unreadable(file: Path) -> UserError:
    return UserError(f"{file} cannot be read.", "Check the name and the folder.")
