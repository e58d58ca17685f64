"""Which half of a head its photos leave unseen, and which of them shows the other half best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_TURN = np.radians(80.0)
"""From where, as an angle from before the face, a photo shows too little of it to stand in for anything."""
LEAST_GAIN = np.radians(14.0)
"""How much farther round the head than every photo a mirror image sees: that of a single photo from 7 degrees on."""
SEEN_WELL = np.radians(35.0)
"""How far round the head from where it was taken a photo tells more of it than the mirror image of another.

On single photos of people outside training the side that was not shown is the more like the truth the smaller this is,
and what the photo shows itself the more like the photo the larger: at 30 degrees most of the one is had, at 45 of the
other.
"""


@dataclass(frozen=True)
class Mirror:
    """A photo whose mirror image stands in for what no photo shows."""

    source: int
    """Its place among the photos."""
    side: int
    """-1 where the image stands in for what lies at x < 0 of the head frame, 1 for the other half."""
    begins: float
    """How far round the head on that side, from before the face, radians."""


def mirror_of(turns: Sequence[float]) -> Mirror | None:
    """What stands in for the half of a head that photos hardly show; None where they show both, or not enough of one.

    `turns`: where they were taken from, angles round the head from before the face, radians, positive where x is in
    the head frame. A mirror image is a photo taken from the opposite angle.
    """
    facing = [index for index, turn in enumerate(turns) if abs(turn) < MOST_TURN]
    if not facing:
        return None
    source = max(facing, key=lambda index: abs(turns[index]))
    side = -1 if turns[source] > 0 else 1
    reached = max(side * turn for turn in turns)
    if abs(turns[source]) - reached < LEAST_GAIN:
        return None
    return Mirror(source, side, max(0.0, reached + SEEN_WELL))
