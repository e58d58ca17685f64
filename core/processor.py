"""How the numerical libraries use a processor that others use too."""

import os


def share_processor() -> None:
    """Keep numerical libraries from spinning while they wait: window and network share what may be two cores.

    With all threads spinning the first picture took ten times as long, and solving cameras twice. The libraries read
    this when they are first imported, so that it comes before everything else.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
