"""Pictures, films and meshes of the avatar as files, drawn anew. Each function queues work and returns at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ..core.document import Document, RenderMode
from ..core.errors import UserError
from ..core.export import WHITE, drawn_once, write_image, write_turntable
from ..core.mesh_file import check_ending, write_mesh
from ..core.probe import Probe
from .engine import Artist, Frame
from .orbit import OrbitView, view_of_key
from .picturing import render_size
from .session import Session
from .task_lane import Cancelled, Task, TaskControl


def export_picture(session: Session, path: Path, longer_side: int, *, transparent: bool) -> None:
    """Write the avatar as it is looked at now, drawn anew at this size."""
    drawing, view = _drawing(session, longer_side), session.eye.view
    background = None if transparent else session.backdrop.colour or WHITE

    def work(control: TaskControl) -> None:
        control.report("Drawing the picture", 0.0)
        write_image(path, drawing.picture(view, control, control.progress), background=background)

    session.task_lane.submit(Task("Picture", work, lambda _: session.note(f"Saved {path.name}")))


def export_turntable(session: Session, path: Path, longer_side: int, *, frames: int, fps: float) -> None:
    """Write a film of the avatar swinging round from where it is looked at now."""
    _export_film(session, "Turntable", path, longer_side, session.eye.turntable(frames), fps)


def export_film(session: Session, path: Path, longer_side: int, *, fps: float) -> None:
    """Write a film along the path of the document; UserError where that has fewer than two views."""
    views = [view_of_key(view) for view in session.document.camera_path.film(fps)]
    _export_film(session, "Film", path, longer_side, views, fps)


def _export_film(
    session: Session, title: str, path: Path, longer_side: int, views: Sequence[OrbitView], fps: float
) -> None:
    drawing, background = _drawing(session, longer_side), session.backdrop.colour
    drawn, shows = drawn_once(view.place for view in views)

    def work(control: TaskControl) -> None:
        def pictures() -> Iterator[Float[np.ndarray, "h w 4"]]:
            for done, index in enumerate(drawn):
                control.report(f"Drawing {done + 1} of {len(drawn)}", done / len(drawn))
                yield drawing.picture(views[index], control, lambda _: None)

        written = write_turntable(
            path,
            pictures(),
            count=len(drawn),
            shows=shows,
            fps=fps,
            background=background,
            cancelled=control.is_cancelled,
        )
        if not written:
            raise Cancelled

    session.task_lane.submit(Task(title, work, lambda _: session.note(f"Saved {path.name}")))


def export_mesh(session: Session, path: Path) -> None:
    """Write the avatar's surface, with its texture where the ending has one."""
    check_ending(path)
    artist, document = session.exporter, _solved(session)

    def work(control: TaskControl) -> None:
        control.report("Making the mesh")
        mesh = artist.engine().mesh(artist.encoded(document), document, is_stale=control.yield_to_screen)
        if mesh is None:
            raise Cancelled
        control.report(f"Writing {path.name}")
        write_mesh(path, mesh)

    session.task_lane.submit(Task("Mesh", work, lambda _: session.note(f"Saved {path.name}")))


@dataclass(frozen=True, eq=False)
class _Drawing:
    """The document as it was when an export was asked for, and how large it is to be drawn."""

    artist: Artist
    document: Document
    mode: RenderMode
    size: tuple[int, int]
    probe: Probe
    polished: bool

    def picture(
        self, view: OrbitView, control: TaskControl, progress: Callable[[float], None]
    ) -> Float[np.ndarray, "h w 4"]:
        """A finished picture, on whatever thread this is; raises Cancelled."""
        last: Frame | None = None
        for last in self.artist.engine().frames(
            self.artist.encoded(self.document),
            self.document,
            view.camera(*self.size),
            mode=self.mode,
            quality=self.document.settings.quality,
            size=self.size,
            probe=self.probe,
            polished=self.polished,
            is_stale=control.yield_to_screen,
        ):
            progress(last.progress)
        if last is None or control.is_cancelled():
            raise Cancelled
        return last.rgba


def _drawing(session: Session, longer_side: int) -> _Drawing:
    size = _even_size(render_size(session), longer_side)
    return _Drawing(session.exporter, _solved(session), session.mode, size, session.probe, session.polished)


def _solved(session: Session) -> Document:
    """What is open, where it has cameras."""
    if session.document.calibration is None:
        raise UserError("There is no avatar to export yet.", "Open photos and solve their cameras first.")
    return session.document


def _even_size(shape: tuple[int, int], longer_side: int) -> tuple[int, int]:
    """A size in the shape of the viewport, both sides even as films need it."""
    scale = longer_side / max(shape)
    width, height = (max(2, 2 * round(0.5 * side * scale)) for side in shape)
    return width, height
