"""Undo, redo, drags and what counts as saved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.document import Document
from kpnerf.core.history import History


def test_undo_and_redo_give_back_the_very_same_documents():
    """Identity, not equality: what was encoded for a document is found again after undo."""
    first, second = Document(), Document()
    history = History(first)
    history.do("Move nose tip", second)

    assert history.undo() and history.document is first
    assert history.redo_label == "Move nose tip" and history.undo_label is None
    assert history.redo() and history.document is second
    assert history.undo_label == "Move nose tip" and history.redo_label is None


def test_nothing_to_undo_or_redo_is_no_error():
    """The keys can be pressed at any time."""
    history = History(Document())

    assert not history.undo()
    assert not history.redo()


def test_a_new_edit_forgets_what_redo_led_to():
    """A line of states, not a tree."""
    history = History(Document())
    history.do("one", Document())
    history.undo()
    other = Document()
    history.do("two", other)

    assert not history.redo()
    assert [entry.label for entry in history.entries] == ["Open", "two"]
    assert history.document is other


def test_a_drag_of_many_moves_is_one_entry():
    """Previews are shown, but only the last becomes a state."""
    first = Document()
    previews = [Document() for _ in range(10)]
    history = History(first)
    history.begin("Move chin")
    for preview in previews:
        history.preview(preview)

        assert history.document is preview
    history.commit()

    assert [entry.label for entry in history.entries] == ["Open", "Move chin"]
    assert history.document is previews[-1]
    assert history.undo() and history.document is first


def test_a_drag_that_ends_where_it_began_leaves_no_entry():
    """A click on a point without moving it is no edit."""
    history = History(Document())
    history.begin("Move chin")
    history.commit()

    assert len(history.entries) == 1 and history.is_saved


@pytest.mark.parametrize("stop", [History.cancel, History.undo])
def test_escape_or_undo_in_the_middle_of_a_drag_puts_things_back(stop):
    """And what redo led to before the drag is still there."""
    first = Document()
    history = History(first)
    history.do("one", Document())
    history.undo()
    history.begin("Move chin")
    history.preview(Document())
    stop(history)

    assert history.document is first and not history.is_dragging
    assert history.redo_label == "one"


def test_a_preview_without_begin_is_a_programming_error():
    """It would otherwise be lost in silence."""
    with pytest.raises(RuntimeError):
        History(Document()).preview(Document())


def test_an_edit_in_the_middle_of_a_drag_keeps_the_drag():
    """A keyboard edit with the mouse button held down: first the drag's entry, then the edit's."""
    history = History(Document())
    history.begin("Move chin")
    history.preview(Document())
    history.do("Occlude chin", Document())

    assert [entry.label for entry in history.entries] == ["Open", "Move chin", "Occlude chin"]
    assert not history.is_dragging


def test_undoing_back_to_what_was_saved_counts_as_saved():
    """No question is asked about changes that were taken back."""
    first, second = Document(), Document()
    history = History(first)

    assert history.is_saved
    history.do("one", second)
    assert not history.is_saved
    history.undo()
    assert history.is_saved
    history.redo()
    history.mark_saved(second)
    assert history.is_saved
    history.undo()
    assert not history.is_saved


def test_a_new_document_can_start_unsaved():
    """Photos just opened are no project yet."""
    assert not History(Document(), saved=False).is_saved


def test_any_entry_can_be_gone_to():
    """As a history panel does; out of range is an error."""
    history = History(Document())
    history.do("one", Document())
    history.do("two", Document())
    history.go_to(0)

    assert history.cursor == 0 and history.redo_label == "one"
    with pytest.raises(IndexError):
        history.go_to(3)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["do", "undo", "redo", "begin", "preview", "commit", "cancel", "save"]), max_size=60))
def test_undoing_everything_returns_the_first_document(steps):
    """Whatever is done in whatever order."""
    first = Document()
    history = History(first)
    for step in steps:
        if step == "do":
            history.do(step, Document())
        elif step == "begin":
            history.begin(step)
        elif step == "preview":
            if history.is_dragging:
                history.preview(Document())
        elif step == "save":
            history.mark_saved(history.document)
        else:
            getattr(history, step)()
    while history.undo():
        pass

    assert history.document is first
