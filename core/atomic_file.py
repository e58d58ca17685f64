"""Writing files so that a reader finds the old one or the new one, never half of either."""

import errno
import glob
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import UserError

LEFT_BEHIND_SECONDS = 3600.0
"""After which a temporary file of a process that is not there is nobody's, also on a disk that computers share."""


@contextmanager
def replacing(path: Path, *, keep_backup: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, with the same ending, that takes its place when the block ends well.

    Whatever was written there is flushed to the disk first. When the block raises, the temporary file or folder
    is removed and `path` is as it was. With `keep_backup` the file that was there stays beside it as "….bak".
    Raises UserError when the disk is full or the place may not be written to.
    """
    path = path.absolute()
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        _remove(temporary)
        _remove_left_behind(path)
        yield temporary
        _flush(temporary)
        if keep_backup and path.exists():
            _back_up(path)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            _remove(temporary)


def cannot_write(path: Path, error: OSError) -> UserError:
    """What to tell a person when writing `path` failed."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UserError(f"{path.name} was not saved: the disk is full.", "Free some space or choose another folder.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(f"{path.parent} may not be written to.", "Choose another folder.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return UserError(f"There is no folder {path.parent}.", "Make it first or choose another folder.")
    if error.errno in (errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST):
        return UserError(f"{path} is a folder with something in it.", "Choose another name.")
    return UserError(f"{path.name} was not saved: {error.strerror or error}.", "Choose another folder.")


def _remove_left_behind(path: Path) -> None:
    """Temporary files for this place whose programs were killed some time ago."""
    for left in path.parent.glob(f".{glob.escape(path.stem)}.*.part{glob.escape(path.suffix)}"):
        number = left.name.split(".part")[0].rpartition(".")[2]
        with suppress(OSError, ValueError):
            if time.time() - left.stat().st_mtime > LEFT_BEHIND_SECONDS and not _is_alive(int(number)):
                _remove(left)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True


def _back_up(path: Path) -> None:
    backup = path.with_name(path.name + ".bak")
    fresh = path.with_name(f".{path.name}.{os.getpid()}.bak")
    _remove(fresh)
    try:
        os.link(path, fresh)
    except OSError:  # a file system without hard links
        shutil.copy2(path, fresh)
    os.replace(fresh, backup)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
