"""Killing a working program at random moments, and looking at what it leaves behind."""

import os
import random
import shutil
import signal
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from PIL import Image

from kpnerf.core.left_behind import left_behind
from kpnerf.core.photo import load_photo
from kpnerf.core.project_file import open_project, save_project

from ..core.staged import staged_document
from . import working
from .working import PROJECT, checksum

LONGEST_WORK = 2.0
"""Seconds from the start of a program to its end."""


@dataclass
class Tally:
    """What many kills came to."""

    kills: int = 0
    edits: int = 0
    while_saving: int = 0
    """A half-written project was lying there."""
    restored: int = 0
    """Something was unsaved, and came back."""
    saved: int = 0
    """Nothing was: the project had everything."""
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills - len(self.failures)} of {self.kills} kills lost nothing ({self.edits} edits; "
            f"{self.restored} times a journal was restored, {self.saved} times all was saved, "
            f"{self.while_saving} times in mid-save)"
        )


def prepare(folder: Path) -> None:
    """A project whose photos are files."""
    folder.mkdir(parents=True)
    document = staged_document()
    views = []
    for view in document.views:
        Image.fromarray(view.photo.rgb).save(folder / view.name)
        views.append(replace(view, photo=load_photo(folder / view.name)))
    save_project(replace(document, views=tuple(views)), folder / PROJECT)


def kill_once(folder: Path, seed: int, tally: Tally) -> None:
    """Let a program work, kill it, and see whether every edit that it had finished is there."""
    shutil.rmtree(folder, ignore_errors=True)
    prepare(folder)
    program = os.fork()  # of a process without threads: what it would import takes longer than its work
    if program == 0:
        _work(folder, seed)
    time.sleep(random.Random(seed).uniform(0.05, LONGEST_WORK))
    os.kill(program, signal.SIGKILL)
    os.waitpid(program, 0)
    tally.kills += 1
    errors = folder / "errors"
    problem = errors.read_text() if errors.exists() else examine(folder, tally)
    if problem:
        tally.failures.append(f"seed {seed}: {problem}")


def _work(folder: Path, seed: int) -> NoReturn:
    try:
        working.main(folder, seed)
    except BaseException:
        (folder / "errors").write_text(traceback.format_exc())
    os._exit(1)


def examine(folder: Path, tally: Tally) -> str | None:
    """What is wrong with what was left behind; None: nothing."""
    log = folder / "log"
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    kept = [line for line in lines if len(line) == 3 and line[0] == "kept"]
    tally.edits += int(kept[-1][1]) if kept else 0
    found = checksum(open_project(folder / PROJECT))  # raises where the file is broken
    tally.while_saving += any(".part" in file.name for file in folder.iterdir())
    left = left_behind(folder / "journals")
    if len(left) > 1:
        return f"{len(left)} journals"
    if left:
        found = checksum(left[0].history().document)
        left[0].discard()
        tally.restored += 1
    else:
        tally.saved += 1
    # Nothing that was kept may be missing; an edit just done may have been kept without a chance to say so.
    right = {line[2] for line in (*kept[-1:], *lines[-1:]) if len(line) == 3}
    if right and found not in right:
        return f"the document is {found}, not {' or '.join(sorted(right))}"
    picture = folder / "avatar.png"
    if picture.exists():
        Image.open(picture).load()
    return None
