"""The path of a film in a session: views added, played and edited, without a window."""

import numpy as np
import pytest

from kpnerf.core import path_edits
from kpnerf.core.replay import steps_of
from kpnerf.viewer import filming
from kpnerf.viewer.looking import fly_to_next_view

from .test_session import Desk


def add(desk: Desk, *turns_px: float) -> None:
    """Turn the avatar and add the view, again and again."""
    for turn in turns_px:
        desk.session.eye.look(desk.session.eye.view.orbited(turn, 0, 240))
        filming.add_view(desk.session)


def play(desk: Desk, seconds: float, step: float = 0.05) -> list[float]:
    """The yaw in every frame."""
    yaws = []
    for _ in range(round(seconds / step)):
        desk.frame(step)
        yaws.append(desk.session.eye.view.yaw)
    return yaws


def test_every_step_is_an_entry_with_a_name_and_a_command(desk):
    """Adding, replacing, removing, timing, looping and clearing; all of it can be taken back."""
    session, editor = desk.session, desk.session.editor
    add(desk, 30, -60)
    session.eye.look(session.eye.view.zoomed(3))
    filming.replace_view(session)
    filming.fly_to_key_view(session, 0)
    filming.remove_view(session)
    filming.loop_path(session, loop=True)
    filming.loop_path(session, loop=False)
    filming.clear_path(session)
    steps = steps_of(editor.history.entries)

    assert [step.label for step in steps] == [
        "Add view 1 to the path",
        "Add view 2 to the path",
        "Replace view 2 of the path",
        "Remove view 1 of the path",
        "Loop the path",
        "End the path at its last view",
        "Clear the path",
    ]
    names = [step.operations[0][0] for step in steps]
    assert names == ["path-add", "path-add", "path-replace", "path-remove", "path-loop", "path-loop", "path-remove"]
    while session.editor.undo():
        pass
    assert session.document.camera_path.views == () and session.is_saved
    assert editor.key_view == 0


def test_a_view_is_looked_at_again_when_it_is_chosen(desk):
    """To what nobody sees; replacing and removing then mean this one."""
    session = desk.session
    add(desk, 30, -60, 20)
    there = session.document.camera_path.views[0]
    filming.fly_to_key_view(session, 0)
    play(desk, 1.0)

    assert session.eye.view.key == there and session.editor.key_view == 0
    filming.fly_to_key_view(session, 9)  # there is none: nothing happens
    filming.remove_view(session)
    filming.remove_view(session)
    filming.remove_view(session)
    assert session.document.camera_path.views == ()
    filming.remove_view(session)
    assert session.status().text == "The path has no view 1. Add one first."


def test_a_view_is_moved_and_stays_the_chosen_one(desk):
    """Towards either end, one entry each; at an end it stays, and nothing is done."""
    session = desk.session
    add(desk, 30, -60, 20)
    first, second, third = session.document.camera_path.views
    filming.fly_to_key_view(session, 2)
    filming.move_view(session, -1)
    assert session.document.camera_path.views == (first, third, second) and session.editor.key_view == 1
    filming.move_view(session, -1)
    count = len(session.editor.history.entries)
    filming.move_view(session, -1)

    assert session.document.camera_path.views == (third, first, second) and session.editor.key_view == 0
    assert len(session.editor.history.entries) == count
    assert session.editor.history.undo_label == "Make view 2 of the path view 1"
    assert steps_of(session.editor.history.entries)[-1].operations == (("path-move", "1", "2"),)
    filming.move_view(session, 5)
    assert session.document.camera_path.views == (first, second, third) and session.editor.key_view == 2


def test_the_view_of_a_photo_is_added_upright_and_while_flying_there(desk):
    """A key pressed in the flight means where it goes."""
    session = desk.session
    fly_to_next_view(session, 1)
    filming.add_view(session)
    play(desk, 1.0)
    (view,) = session.document.camera_path.views

    assert view.yaw == pytest.approx(session.eye.view.yaw, abs=1e-5)
    np.testing.assert_allclose(view.target, session.eye.view.target, atol=1e-5)
    assert view.camera(100, 100).world_from_camera[1, 0] == pytest.approx(0, abs=1e-9)


def test_a_path_is_played_to_its_end(desk):
    """From the first view to the last, where it rests; pressed again in between, it stops there."""
    session = desk.session
    add(desk, 30, -60)
    first, last = (view.yaw for view in session.document.camera_path.views)
    filming.play_path(session)
    assert filming.is_on_path(session)
    yaws = play(desk, 2.5)

    assert not session.eye.is_playing
    assert abs(yaws[0] - first) < 0.01 and yaws[-1] == pytest.approx(last, abs=1e-9)
    assert np.all(np.diff(yaws) >= 0)
    filming.play_path(session)
    play(desk, 1.0)
    filming.play_path(session)
    assert len(set(play(desk, 1.0))) == 1
    assert len(session.editor.history.entries) == 3


def test_a_loop_is_played_until_it_is_stopped(desk):
    """By its own key, by that of the turntable, by the hand, or by opening something else."""
    session = desk.session
    add(desk, 30, -60)
    filming.loop_path(session, loop=True)
    filming.play_path(session)
    yaws = play(desk, 12.0)

    np.testing.assert_allclose(yaws[:80], yaws[80:160], atol=1e-6)
    for stop in (
        lambda: filming.play_path(session),
        lambda: session.eye.toggle_playing(session.now),
        lambda: session.eye.look(session.eye.view.orbited(3, 0, 240)),
        lambda: session.open_document(session.document, None),
    ):
        stop()
        assert not session.eye.is_playing
        filming.play_path(session)
        assert filming.is_on_path(session)
    session.eye.toggle_playing(session.now)
    session.eye.toggle_playing(session.now)
    filming.play_path(session)  # in place of the turntable
    assert filming.is_on_path(session)


def test_what_is_played_follows_what_is_edited(desk):
    """Another time from view to view counts at once; without a path there is nothing to play any more."""
    session = desk.session
    add(desk, 30, -60)
    filming.loop_path(session, loop=True)
    filming.play_path(session)
    play(desk, 1.0)
    session.editor.apply("Seconds", lambda document: path_edits.time_path(document, seconds=0.5))
    yaws = play(desk, 4.0)
    np.testing.assert_allclose(yaws[:20], yaws[20:40], atol=1e-6)
    before = session.eye.view
    filming.clear_path(session)
    desk.frame()

    assert not session.eye.is_playing and session.eye.view is before


def test_two_views_are_asked_for(desk):
    """A sentence in the status line, and nothing moves."""
    filming.play_path(desk.session)
    told = [desk.session.status().text]
    add(desk, 30)
    filming.play_path(desk.session)
    told.append(desk.session.status().text)

    assert told == [
        "A path of no views leads nowhere. Add two views to it, or more.",
        "A path of one view leads nowhere. Add two views to it, or more.",
    ]
    assert not desk.session.eye.is_playing
