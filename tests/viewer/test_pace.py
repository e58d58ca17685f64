"""How often the window is drawn."""

import pytest

from kpnerf.viewer.pace import (
    BUSY_FRAME,
    IDLE_FRAME,
    LATEST_LIVELY,
    LEFT_OVER,
    LIVELY_FRAME,
    LIVELY_SECONDS,
    LONGEST_REST,
    MOST_OWED,
    Pace,
)


class Clock:
    """Stands still unless it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


@pytest.fixture
def pace(clock) -> Pace:
    """Nothing has happened for a while."""
    pace = Pace(clock)
    pace.note(pointer=(0, 0))
    clock.now = 100.0
    return pace


def test_quick_frames_come_as_often_as_needed(pace):
    """With a graphics card: sixty a second for a hand, fewer to follow, fewest for nothing."""
    idle, busy = pace.rest(0.002, busy=False), pace.rest(0.002, busy=True)
    pace.note(pointer=(5, 0))
    lively = pace.rest(0.002, busy=False)

    assert [rest + 0.002 for rest in (lively, busy, idle)] == pytest.approx([LIVELY_FRAME, BUSY_FRAME, IDLE_FRAME])


def test_slow_frames_leave_the_processor_to_the_avatar(pace):
    """Without a graphics card: half of a core while a hand moves and frames are in time, a third while drawing."""
    busy = pace.rest(0.04, busy=True)
    pace.note(jobs=1)

    assert pace.rest(0.015, busy=True) == pytest.approx(0.015)
    assert busy == pytest.approx(0.08)


def test_a_moving_hand_gets_its_frames_in_time(pace):
    """Rather than that half of the core is left; a slow one now and then borrows from those after it."""
    pace.note(jobs=1)

    assert pace.rest(0.025, busy=True) == pytest.approx(LATEST_LIVELY - 0.025)
    for _ in range(20):
        assert pace.rest(0.045, busy=True) < 0.002
        for _ in range(3):
            assert pace.rest(0.020, busy=True) == pytest.approx(LATEST_LIVELY - 0.020)


def test_others_get_their_part_however_slow_frames_are(pace):
    """Where all of them are, what is owed is given."""
    pace.note(jobs=1)
    rests = [pace.rest(0.08, busy=True) for _ in range(100)]

    assert sum(rests) >= 100 * LEFT_OVER * 0.08 - MOST_OWED
    assert max(rests) == pytest.approx(LEFT_OVER * 0.08)


def test_the_window_never_sleeps_long(pace):
    """However slow a frame was, the next touch is noticed soon."""
    assert pace.rest(5.0, busy=False) == LONGEST_REST
    assert pace.rest(0.0, busy=False) > 0


@pytest.mark.parametrize("sign", [{"jobs": 2}, {"moving": True}, {"pointer": (1, 1)}])
def test_every_sign_of_life_wakes_it_for_a_while(pace, clock, sign):
    """And then it calms down again."""
    pace.note(**sign)
    awake = pace.rest(0.001, busy=False)
    clock.now += LIVELY_SECONDS + 0.01
    pace.note(pointer=sign.get("pointer", (0, 0)))
    calm = pace.rest(0.001, busy=False)

    assert awake < calm
