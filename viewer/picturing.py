"""The picture of the avatar: asked for whenever something that it depends on has changed, taken in when it is drawn."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.crash_log import log_crash
from ..core.errors import UserError
from .backdrop import composite
from .changes import same
from .render_lane import Rendered, RenderFailed, RenderJob

if TYPE_CHECKING:
    from .session import Session

LARGEST_SIDE = 1024
"""Of a picture on the screen, pixels."""
SMALLEST_VIEWPORT = 8
"""Screen pixels a side below which nothing is drawn: the window was shrunk to nothing."""


def render_size(session: "Session") -> tuple[int, int]:
    """Size of the picture: the viewport's shape, its longer side as long as the resolution."""
    width, height = (max(side, 1.0) for side in session.viewport_size)
    longest = session.document.settings.resolution
    if session.comparing.kind is not None:  # pixel by pixel, as far as textures reach
        longest = min(round(max(width, height)), LARGEST_SIDE)
    scale = longest / max(width, height)
    return max(SMALLEST_VIEWPORT, round(width * scale)), max(SMALLEST_VIEWPORT, round(height * scale))


def take_picture(session: "Session") -> None:
    """Show what was drawn since the last frame, or remember what went wrong."""
    result = session.render_lane.take()
    if isinstance(result, Rendered):
        session.shown, session.engine_error = result, None
    elif isinstance(result, RenderFailed):
        if isinstance(result.error, UserError):
            session.engine_error = str(result.error)
        else:
            file = log_crash(result.error)
            session.engine_error = f"The avatar could not be drawn. Details are in {file}."


def ask_for_picture(session: "Session") -> None:
    """Have a picture drawn, where anything that it depends on is another object than the last time."""
    document, settings = session.document, session.document.settings
    if document.calibration is None or not document.sources:
        session.shown, session.asked = None, None
        return
    if min(session.viewport_size) < SMALLEST_VIEWPORT:
        return
    size = render_size(session)
    # Where it is compared with a photo, the avatar is all that it is.
    polished = session.polished and session.comparing.kind is None
    look = (
        settings.sigma,
        settings.mirror,
        settings.expression,
        settings.quality,
        session.mode,
        session.probe,
        session.eye.view,
        size,
        polished,
    )
    scene = (document.views, document.calibration, document.refinement, *look)
    before, session.asked = session.asked, (*scene, session.backdrop)
    if before is not None and same(before[:-1], scene):
        if before[-1] is session.backdrop or _recomposited(session):
            return
    camera = session.eye.view.camera(*size)
    job = RenderJob(document, camera, session.mode, settings.quality, session.backdrop, session.probe, polished)
    session.render_lane.submit(job)


def _recomposited(session: "Session") -> bool:
    """Put a finished picture before another backdrop instead of drawing it again."""
    shown = session.shown
    if shown is None or not session.is_current or shown.frame.progress < 1:
        return False
    picture = composite(shown.frame.rgba, session.backdrop)
    session.shown = replace(shown, picture=picture, job=replace(shown.job, backdrop=session.backdrop))
    return True
