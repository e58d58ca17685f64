"""What a command is, with which keys it is given, and what it acts on; the table of them is in `commands`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .session import Session


class Asks(Protocol):
    """What a person is asked before something is done."""

    def open(self) -> None:
        """What to open."""

    def open_sample(self) -> None:
        """Whether to keep changes, before the bundled photos are opened."""

    def add_photos(self) -> None:
        """Which photos to add."""

    def scale_by_distance(self) -> None:
        """How far the two selected keypoints are apart."""

    def save(self) -> None:
        """Where to save the project, where that is not known."""

    def save_as(self) -> None:
        """Where to save the project."""

    def export_mesh(self) -> None:
        """Where to write the avatar's surface."""

    def quit(self) -> None:
        """Whether to keep changes, before the window closes."""


class Desk(Protocol):
    """What commands act on: the session, and what only a window can do."""

    session: Session

    @property
    def asking(self) -> Asks:
        """Questions to the person."""
        ...

    @property
    def is_over_photo(self) -> bool:
        """The pointer is over a photo."""
        ...

    def fit_photo(self) -> None:
        """Show the whole of the photo under the pointer."""

    def toggle_enlarged(self) -> None:
        """Show the chosen photo large, or all of one size."""

    def show_shortcuts(self) -> None:
        """Show what the keys do."""

    def find_command(self) -> None:
        """Find a command by typing."""

    def change_theme(self) -> None:
        """From dark to light, or back."""

    def resize_text(self, factor: float | None) -> None:
        """Larger or smaller text and controls; None: as the screen says."""

    def reset_layout(self) -> None:
        """Everything where it was at the first start."""

    def load_keys(self) -> None:
        """Take the keys from the person’s file."""

    def paste(self) -> None:
        """Open what was copied, in whatever program."""


@dataclass(frozen=True)
class Key:
    """A key with its modifiers."""

    name: str
    """A letter, a digit, or a name such as “Left”, “Delete”, “[”."""
    ctrl: bool = False
    shift: bool = False
    alt: bool = False

    def __str__(self) -> str:
        parts = (("Ctrl", self.ctrl), ("Shift", self.shift), ("Alt", self.alt))
        return "+".join([*(word for word, held in parts if held), _ON_KEYCAPS.get(self.name, self.name)])

    @property
    def spelled(self) -> str:
        """As it is written in a file, without signs of its own."""
        parts = (("Ctrl", self.ctrl), ("Shift", self.shift), ("Alt", self.alt))
        return "+".join([*(word for word, held in parts if held), self.name])


_ON_KEYCAPS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "Escape": "Esc"}


@dataclass(frozen=True)
class Command:
    """Something a person can have done."""

    menu: str
    """Heading it stands under, in the menu bar and on the shortcut sheet."""
    title: str
    run: Callable[[Desk], None]
    keys: tuple[Key, ...] = ()
    enabled: Callable[[Session], bool] = lambda session: True
    in_menu: bool = True
    repeats: bool = False
    """Again and again while its key is held."""
