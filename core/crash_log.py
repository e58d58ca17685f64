"""Where failures that nobody foresaw are written down."""

import os
import traceback
from datetime import datetime
from pathlib import Path


def state_folder() -> Path:
    """The person's folder for what programs remember between runs (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "kpnerf-viewer"


def log_crash(error: BaseException) -> Path | None:
    """Append the traceback to the log file and return its path; None when that cannot be written either."""
    file = state_folder() / "errors.log"
    trace = "".join(traceback.format_exception(error))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Written directly: a library that reconfigures logging must not be able to silence this.
        with file.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now().isoformat(timespec='seconds')} {trace}\n")
    except OSError:
        return None
    return file
