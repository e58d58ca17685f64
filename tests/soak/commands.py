"""Random commands without a window: whatever is done in whatever order, and everything taken back again."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kpnerf.core import edits, lens_edits, mask_edits
from kpnerf.core.document import Document
from kpnerf.core.operations import perform
from kpnerf.core.replay import steps_of
from kpnerf.viewer import filming, tasks
from kpnerf.viewer.command import Command
from kpnerf.viewer.commands import COMMANDS
from kpnerf.viewer.session import Session

from ..core.staged import staged_document, staged_view
from ..viewer.blob_engine import BlobEngine, eventually

SLOW = ("Solve again",)
"""Commands that take a second; now and then is enough."""
ASKING = ("Open…", "Add photos…", "Open the sample", "Save", "Save as…", "Quit", "Find a command…")
commands = st.sampled_from([command for command in COMMANDS if command.title not in (*SLOW, *ASKING)])
names = st.sampled_from(staged_document().schema.names)
views = st.integers(0, 3)
pixels = st.floats(-400, 800)


class Asked:
    """Questions, each answered by nothing being done."""

    def __getattr__(self, name: str):
        return lambda *arguments: None


class Desk:
    """A session without a window: what only a window can do does nothing."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.asking = Asked()
        self.is_over_photo = False

    def __getattr__(self, name: str):
        return lambda *arguments: None


@dataclass
class Tally:
    """What all sessions together came to."""

    sessions: int = 0
    commands: int = 0
    entries: int = 0
    repeated: int = 0


class RandomCommands(RuleBasedStateMachine):
    """A person who presses everything."""

    tally = Tally()

    @initialize()
    def open(self) -> None:
        """Three solved photos."""
        self.first = staged_document()
        self.session = Session(BlobEngine, self.first)
        self.session.viewport_size = (48.0, 36.0)
        self.desk = Desk(self.session)
        self.now = 0.0
        self.frames = 0

    @rule(command=commands)
    def press(self, command: Command) -> None:
        """Any command of the table, as a key or a menu does it."""
        if command.enabled(self.session):
            command.run(self.desk)

    @precondition(lambda self: self.session.document.views)
    @rule(yes=st.integers(0, 15))
    def solve(self, yes: int) -> None:
        """Now and then, with cameras kept so that it is quick."""
        if yes == 0:
            for view in range(len(self.session.document.views)):
                self.session.editor.apply("Keep", lambda document, view=view: edits.lock(document, view, pose=True))
            tasks.solve(self.session)

    @rule(view=views, chosen=st.sets(names, max_size=3))
    def select(self, view: int, chosen: set[str]) -> None:
        """Photos that there are and are not, points of any number."""
        self.session.editor.select(view, chosen)

    @rule(view=views, name=names, x=pixels, y=pixels, cancelled=st.booleans())
    def drag(self, view: int, name: str, x: float, y: float, cancelled: bool) -> None:
        """Also far outside of the photo, and broken off."""
        editor = self.session.editor
        if view < len(self.session.document.views):
            editor.begin_moving(view, {name})
            editor.move_by(0.3 * x, 0.3 * y)
            editor.move_by(x, y)
            editor.cancel() if cancelled else editor.commit()

    @rule(view=views, name=names, x=pixels)
    def leave_a_drag_hanging(self, view: int, name: str, x: float) -> None:
        """The next command comes in the middle of it."""
        if view < len(self.session.document.views):
            self.session.editor.begin_moving(view, {name})
            self.session.editor.move_by(x, -x)

    @rule(view=views, focal_px=st.floats(1, 5000))
    def change_focal(self, view: int, focal_px: float) -> None:
        """Of photos that there are and are not."""
        self.session.editor.apply("Focal length", lambda document: edits.set_focal(document, view, focal_px))

    @rule(view=views, share=st.just(0.0) | st.floats(lens_edits.LEAST - 0.01, lens_edits.MOST))
    def straighten(self, view: int, share: float) -> None:
        """Lenses that there are and are not."""
        self.session.editor.apply("Distortion", lambda document: lens_edits.set_distortion(document, view, share))

    @rule(view=views, x=st.floats(-20, 340), y=st.floats(-20, 260), add=st.booleans())
    def paint(self, view: int, x: float, y: float, add: bool) -> None:
        """A stroke of the brush, with its words."""
        if view < len(self.session.document.views):
            words = ("paint" if add else "erase", self.session.document.names[view], "9", f"{x!r},{y!r}")
            self.session.editor.apply(
                "Paint", lambda document: mask_edits.paint_mask(document, view, [(x, y)], 9.0, add=add), (words,)
            )

    @rule(x=pixels, y=pixels, notches=st.integers(-30, 30), chosen=st.integers(0, 3), loop=st.booleans())
    def look_around(self, x: float, y: float, notches: int, chosen: int, loop: bool) -> None:
        """From where views of a path are added; at those that there are and are not."""
        self.session.eye.look(self.session.eye.view.orbited(x, y, 240.0).panned(y, x, (320.0, 240.0)).zoomed(notches))
        filming.add_view(self.session)
        filming.fly_to_key_view(self.session, chosen)
        filming.loop_path(self.session, loop=loop)

    @rule(yaw=st.floats(-60, 60))
    def add_photo(self, yaw: float) -> None:
        """Up to eight; then it is refused."""
        self.session.editor.apply("Add", lambda document: edits.add_views(document, [staged_view("x.png", yaw)]))

    @rule(share=st.floats(0, 1))
    def go_anywhere(self, share: float) -> None:
        """As the history panel does."""
        self.session.go_to(round(share * (len(self.session.editor.history.entries) - 1)))

    @invariant()
    def frame(self) -> None:
        """What happens in every frame, and what holds in every frame."""
        if not hasattr(self, "session"):
            return
        self.now += 0.05
        self.frames += 1
        self.session.update(self.now)
        document = self.session.document
        assert not self.session.failures, self.session.failures
        for view in document.views:
            width, height = view.size
            assert np.isfinite(view.keypoints.xy_px).all()
            assert (view.keypoints.xy_px >= -0.5).all() and (view.keypoints.xy_px <= [width, height]).all()
        if document.calibration is not None:
            assert np.isfinite(document.calibration.keypoints.xyz).all()

    def teardown(self) -> None:
        """Everything is taken back: it is the first document again, the very same; and what was done is known."""
        if not hasattr(self, "session"):
            return
        session = self.session
        try:
            assert eventually(lambda: session.task_lane.current is None or session.update(self.now), 60)
            session.editor.commit()
            entries = session.editor.history.entries
            while session.editor.undo() is not None:
                pass
            assert session.document is self.first
            tally = RandomCommands.tally
            for before, step, after in zip(entries, steps_of(entries), entries[1:], strict=False):
                if step.operations is not None and ("solve",) not in step.operations:
                    assert_repeats(before.document, step.operations, after.document)
                    tally.repeated += 1
            tally.sessions += 1
            tally.commands += self.frames - 1  # the first frame comes before the first command
            tally.entries += len(entries) - 1
        finally:
            session.close()


def assert_repeats(before: Document, operations: tuple[tuple[str, ...], ...], after: Document) -> None:
    """The words of an entry lead from the document before it to the one after it."""
    document = before
    for operation in operations:
        if operation[0] == "add":  # photos that are no files cannot be added by words
            return
        document = perform(document, operation)
    assert document.camera_path == after.camera_path
    for ours, theirs in zip(document.views, after.views, strict=True):
        known = theirs.keypoints.usable
        np.testing.assert_array_equal(ours.keypoints.xy_px[known], theirs.keypoints.xy_px[known])
        np.testing.assert_array_equal(ours.keypoints.state, theirs.keypoints.state)
        np.testing.assert_array_equal(ours.mask, theirs.mask)
        np.testing.assert_array_equal(ours.photo.rgb, theirs.photo.rgb)
