"""Where failures that nobody foresaw are written down."""

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)


def state_folder() -> Path:
    """The person's folder for what programs remember between runs (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "kpnerf-viewer"


def log_crash(error: BaseException) -> Path | None:
    """Append the traceback to the log file and return its path; None when that cannot be written either."""
    file = state_folder() / "errors.log"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False
    try:
        log.critical("%s", error, exc_info=error)
    finally:
        log.removeHandler(handler)
        log.propagate = True
        handler.close()
    return file
