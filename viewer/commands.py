"""The one table of commands: menus, keys and the shortcut sheet are made from it."""

from collections.abc import Callable

from ..core import edits
from ..core.document import RENDER_MODES
from . import expression, filming
from .another_face import take_next_face
from .command import Command, Desk, Key
from .comparing import COMPARISON_KINDS, ComparisonKind
from .looking import compare, fly_to_next_view, look_at_worst, toggle_held_out, toggle_overview
from .refining import TITLE, can_refine, refine, take_off
from .session import Session
from .tasks import solve


def _has_photos(session: Session) -> bool:
    return bool(session.document.views)


def _is_solved(session: Session) -> bool:
    return session.document.calibration is not None


def _has_points(session: Session) -> bool:
    return bool(session.editor.points) and _has_photos(session)


def _frame(desk: Desk) -> None:
    if desk.is_over_photo:
        desk.fit_photo()
    else:
        desk.session.eye.frame(desk.session.document.shown, desk.session.now)


def _face(desk: Desk) -> None:
    desk.session.eye.reset(desk.session.document.shown, desk.session.now)


def _play(desk: Desk) -> None:
    if not desk.is_over_photo:  # there, Space with a drag pans
        desk.session.eye.toggle_playing(desk.session.now)


def _deselect(desk: Desk) -> None:
    editor = desk.session.editor
    if editor.is_dragging:
        editor.cancel()
    else:
        editor.select(points=())


def _remove_photo(desk: Desk) -> None:
    editor = desk.session.editor
    name, view = desk.session.document.views[editor.view].name, editor.view
    editor.apply(f"Remove {name}", lambda document: edits.remove_view(document, view))


def _toggle_overlays(desk: Desk) -> None:
    desk.session.overlays = not desk.session.overlays


def _toggle_polish(desk: Desk) -> None:
    desk.session.polished = not desk.session.polished


def _show_mode(mode: str) -> Callable[[Desk], None]:
    def run(desk: Desk) -> None:
        desk.session.mode = mode  # type: ignore[assignment]

    return run


def _compare(kind: ComparisonKind) -> Callable[[Desk], None]:
    return lambda desk: compare(desk.session, kind)


def _toggle_following(desk: Desk) -> None:
    editor = desk.session.editor
    editor.cameras_follow = not editor.cameras_follow
    desk.session.note(f"Cameras {'follow' if editor.cameras_follow else 'stay'} while points are dragged")


def _toggle_brush(desk: Desk) -> None:
    desk.session.brush.is_on = not desk.session.brush.is_on


def _nudge(dx: float, dy: float) -> Callable[[Desk], None]:
    return lambda desk: desk.session.editor.nudge(dx, dy)


def _nudges() -> tuple[Command, ...]:
    commands = []
    for amount, title, held in ((1.0, "1", {}), (10.0, "10", {"shift": True}), (0.1, "0.1", {"alt": True})):
        for name, dx, dy in (("Left", -1, 0), ("Right", 1, 0), ("Up", 0, -1), ("Down", 0, 1)):
            commands.append(
                Command(
                    "Points",
                    f"Move {name.lower()} by {title} px",
                    _nudge(dx * amount, dy * amount),
                    (Key(name, **held),),
                    _has_points,
                    in_menu=False,
                    repeats=True,
                )
            )
    return tuple(commands)


COMMANDS: tuple[Command, ...] = (
    Command("File", "Open…", lambda desk: desk.asking.open(), (Key("O", ctrl=True),)),
    Command("File", "Add photos…", lambda desk: desk.asking.add_photos(), (Key("O", ctrl=True, shift=True),)),
    Command("File", "Paste photos or project", lambda desk: desk.paste(), (Key("V", ctrl=True),)),
    Command("File", "Open the sample", lambda desk: desk.asking.open_sample()),
    Command("File", "Save", lambda desk: desk.asking.save(), (Key("S", ctrl=True),), _has_photos),
    Command("File", "Save as…", lambda desk: desk.asking.save_as(), (Key("S", ctrl=True, shift=True),), _has_photos),
    Command("File", "Save mesh…", lambda desk: desk.asking.export_mesh(), enabled=_is_solved),
    Command("File", "Quit", lambda desk: desk.asking.quit(), (Key("Q", ctrl=True),)),
    Command(
        "Edit",
        "Undo",
        lambda desk: desk.session.undo(),
        (Key("Z", ctrl=True),),
        lambda session: session.editor.history.undo_label is not None,
        repeats=True,
    ),
    Command(
        "Edit",
        "Redo",
        lambda desk: desk.session.redo(),
        (Key("Z", ctrl=True, shift=True), Key("Y", ctrl=True)),
        lambda session: session.editor.history.redo_label is not None,
        repeats=True,
    ),
    Command(
        "Edit",
        "Select all points",
        lambda desk: desk.session.editor.select(points=desk.session.document.schema.names),
        (Key("A", ctrl=True),),
        _has_photos,
    ),
    Command("Edit", "Deselect", _deselect, (Key("Escape"),)),
    Command("Edit", "Remove photo", _remove_photo, (), _has_photos),
    Command("Points", "Occlude or show", lambda desk: desk.session.editor.toggle_occluded(), (Key("O"),), _has_points),
    Command(
        "Points",
        "Unplace",
        lambda desk: desk.session.editor.change_points("Unplace", edits.unplace_keypoint),
        (Key("Delete"), Key("Backspace")),
        _has_points,
    ),
    Command(
        "Points",
        "Back to detection",
        lambda desk: desk.session.editor.change_points("Snap back", edits.snap_to_detection),
        (Key("D"),),
        _has_points,
    ),
    Command(
        "Points",
        "Unplace in every photo",
        lambda desk: desk.session.editor.unplace_everywhere(),
        (Key("Delete", shift=True),),
        _has_points,
    ),
    Command("Points", "Swap left and right", lambda desk: desk.session.editor.swap_sides(), (Key("X"),), _has_photos),
    Command("Points", "Take the next face of the photo", lambda desk: take_next_face(desk.session), (), _has_photos),
    Command("Points", "Go to the worst", lambda desk: look_at_worst(desk.session, 1), (Key("W"),), _is_solved),
    Command(
        "Points",
        "Go back to the one before",
        lambda desk: look_at_worst(desk.session, -1),
        (Key("W", shift=True),),
        _is_solved,
    ),
    Command("Points", "Colour by confidence", lambda desk: desk.session.toggle_colouring(), (Key("E"),), _has_photos),
    *_nudges(),
    Command("Cameras", "Solve again", lambda desk: solve(desk.session), (Key("F5"),), _has_photos),
    Command("Cameras", "Look from next photo", lambda desk: fly_to_next_view(desk.session, 1), (Key("]"),), _is_solved),
    Command(
        "Cameras", "Look from previous photo", lambda desk: fly_to_next_view(desk.session, -1), (Key("["),), _is_solved
    ),
    Command(
        "Cameras",
        "Cameras round the avatar",
        lambda desk: toggle_overview(desk.session),
        (Key("C"),),
        _is_solved,
    ),
    Command("Cameras", "Solve while dragging points", _toggle_following, (Key("F5", shift=True),), _is_solved),
    Command("Cameras", "Hold out or use photo", lambda desk: toggle_held_out(desk.session), (Key("H"),), _has_photos),
    Command(
        "Cameras",
        "Scale by a known distance…",
        lambda desk: desk.asking.scale_by_distance(),
        (),
        lambda session: _is_solved(session) and len(session.editor.points) == 2,
    ),
    Command("Avatar", TITLE, lambda desk: refine(desk.session), (), can_refine),
    Command(
        "Avatar",
        "Take the refinement off",
        lambda desk: take_off(desk.session),
        (),
        lambda session: session.document.refinement is not None,
    ),
    Command("Avatar", expression.TITLE, lambda desk: expression.take(desk.session), (), expression.can_take),
    Command("Film", filming.ADD, lambda desk: filming.add_view(desk.session), (Key("K"),), _is_solved),
    Command("Film", filming.REPLACE, lambda desk: filming.replace_view(desk.session), (), filming.has_path),
    Command("Film", filming.REMOVE, lambda desk: filming.remove_view(desk.session), (), filming.has_path),
    Command("Film", filming.EARLIER, lambda desk: filming.move_view(desk.session, -1), (), filming.has_path),
    Command("Film", filming.LATER, lambda desk: filming.move_view(desk.session, 1), (), filming.has_path),
    Command("Film", filming.CLEAR, lambda desk: filming.clear_path(desk.session), (), filming.has_path),
    Command("Film", filming.PLAY, lambda desk: filming.play_path(desk.session), (Key("P"),), _is_solved),
    Command("View", "Frame the avatar, or fit the photo", _frame, (Key("F"),)),
    Command("View", "Face on", _face, (Key("F", shift=True),)),
    Command("View", "Play turntable", _play, (Key("Space"),), _is_solved),
    Command("View", "Points over the avatar", _toggle_overlays, (Key("Tab"),)),
    Command("View", "Polish", _toggle_polish, (Key("S"),)),
    Command("View", "Enlarge photo", lambda desk: desk.toggle_enlarged(), (Key("M"),), _has_photos),
    *(
        Command("View", f"Show {mode}", _show_mode(mode), (Key(str(number % 10)),))
        for number, mode in enumerate(RENDER_MODES, start=1)
    ),
    *(
        Command("View", f"Compare by {kind}", _compare(kind), (Key(str(number), shift=True),), _is_solved)
        for number, kind in enumerate(COMPARISON_KINDS, start=1)
    ),
    Command("View", "Light or dark", lambda desk: desk.change_theme()),
    Command("View", "Larger text", lambda desk: desk.resize_text(1.25), (Key("=", ctrl=True),)),
    Command("View", "Smaller text", lambda desk: desk.resize_text(0.8), (Key("-", ctrl=True),)),
    Command("View", "Usual text", lambda desk: desk.resize_text(None), (Key("0", ctrl=True),)),
    Command("View", "Reset layout", lambda desk: desk.reset_layout()),
    Command("View", "Outline and brush", _toggle_brush, (Key("B"),), _has_photos),
    Command("Help", "Find a command…", lambda desk: desk.find_command(), (Key("P", ctrl=True),)),
    Command("Help", "Load keys", lambda desk: desk.load_keys()),
    Command("Help", "Shortcuts", lambda desk: desk.show_shortcuts(), (Key("?"), Key("F1"))),
)

GESTURES: tuple[tuple[str, str, str], ...] = (
    ("Over the avatar", "Drag", "Orbit"),
    ("Over the avatar", "Right or middle drag", "Pan"),
    ("Over the avatar", "Wheel", "Nearer or farther"),
    ("Over the avatar", "Drag a camera round it", "Move it on its sphere"),
    ("Over the avatar", "Drag the divider of a wipe", "Show more of the one or the other"),
    ("Over a photo", "Wheel", "Zoom at the pointer"),
    ("Over a photo", "Middle drag, Space + drag", "Pan"),
    ("Over a photo", "Drag a point", "Move it"),
    ("Over a photo", "Ctrl while dragging", "Keep it on the other photos’ lines"),
    ("Over a photo", "Drag beside points", "Select with a box"),
    ("Over a photo", "Shift + click", "Add to the selection"),
    ("Over a photo", "Right click a point", "Occlude or show it"),
    ("Over a photo", "Double click", "Fit the photo"),
    ("With the brush", "Drag", "Add to the outline"),
    ("With the brush", "Shift + drag", "Take from the outline"),
    ("With the brush", "Ctrl + wheel", "Larger or smaller"),
)
"""Where, which movement, what it does: for the shortcut sheet."""


def command_for(key: Key) -> Command | None:
    """The command of a key with exactly these modifiers, or None."""
    return _BY_KEY.get(key)


_BY_KEY = {key: command for command in COMMANDS for key in command.keys}
