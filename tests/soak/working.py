"""A program that edits, saves and exports without a window until it is killed, and says what it has finished.

The project is `me.kpnerf` in a folder. To `log` beside it goes what the document is after each edit: “done COUNT
CHECKSUM” at once, and “kept COUNT CHECKSUM” when the journal has it.
"""

import hashlib
import os
import random
from pathlib import Path

from kpnerf.core import edits
from kpnerf.core.document import Document
from kpnerf.core.journal import Journal
from kpnerf.core.project_file import open_project
from kpnerf.viewer import export_tasks, tasks
from kpnerf.viewer.session import Session

from ..viewer.blob_engine import BlobEngine

PROJECT = "me.kpnerf"


def checksum(document: Document) -> str:
    """Of everything that the edits here can change."""
    digest = hashlib.sha256()
    for view in document.views:
        for field in ("xy_px", "state", "confidence", "occluded"):
            digest.update(getattr(view.keypoints, field).tobytes())
        digest.update(repr((view.name, view.focal_px, view.held_out, view.lock_pose)).encode())
        assert view.camera is not None
        digest.update(view.camera.world_from_camera.tobytes())
    return digest.hexdigest()[:16]


def main(folder: Path, seed: int) -> None:
    """Work until somebody makes an end."""
    rng = random.Random(seed)
    session = Session(BlobEngine, open_project(folder / PROJECT))
    session.viewport_size = (96.0, 72.0)
    session.project_path = folder / PROJECT
    session.journal = Journal(folder / "journals")
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    count, now = 0, 0.0
    os.write(log, f"kept 0 {checksum(session.document)}\n".encode())
    while True:
        now += 0.05
        action = rng.random()
        if action < 0.80:
            act(session, rng)
            count += 1
        elif action < 0.90 and session.task_lane.current is None:
            tasks.save(session, folder / PROJECT)
        elif session.task_lane.current is None:
            export_tasks.export_picture(session, folder / "avatar.png", 64, transparent=True)
        os.write(log, f"done {count} {checksum(session.document)}\n".encode())
        session.update(now)
        while not session.journal.is_written:  # only then an edit counts as finished
            os.sched_yield()
        assert not session.failures, session.failures
        os.write(log, f"kept {count} {checksum(session.document)}\n".encode())


def act(session: Session, rng: random.Random) -> None:
    """One edit of a person, or going back and forth."""
    editor = session.editor
    name = rng.choice(session.document.schema.names)
    view = rng.randrange(len(session.document.views))
    match rng.randrange(8):
        case 0 | 1 | 2:
            editor.begin_moving(view, {name})
            for _ in range(3):
                editor.move_by(rng.uniform(-9, 9), rng.uniform(-9, 9))
            editor.commit()
        case 3:
            editor.select(view, {name})
            editor.toggle_occluded()
        case 4:
            editor.apply("Keep pose", lambda document: edits.lock(document, view, pose=rng.random() < 0.5))
        case 5:
            focal_px = rng.uniform(300, 500)
            editor.apply("Focal length", lambda document: edits.set_focal(document, view, focal_px))
        case 6:
            session.undo()
        case _:
            session.redo()
