"""What is remembered, and files that say something else."""

import json

import pytest

from kpnerf.viewer.preferences import MOST_RECENT, Memory, Preferences, recent_label


def test_what_was_changed_is_there_at_the_next_start(tmp_path):
    """Numbers, words, lists of paths."""
    file = tmp_path / "state" / "window.json"
    Memory(file).change(theme="light", scale=1.25, size=(1200, 700), photo_share=0.5, hints_seen=True)
    Memory(file).opened([tmp_path / "me.kpnerf"])

    expected = Preferences("light", 1.25, (1200, 700), 0.5, recent=((str(tmp_path / "me.kpnerf"),),), hints_seen=True)
    assert Memory(file).now == expected
    assert [path.name for path in file.parent.iterdir()] == ["window.json"]


def test_two_windows_do_not_take_each_others_changes_back(tmp_path):
    """Each changes only what it changes."""
    one, two = Memory(tmp_path / "window.json"), Memory(tmp_path / "window.json")
    one.change(theme="light")
    two.change(photo_share=0.5)

    assert (Memory(tmp_path / "window.json").now.theme, two.now.photo_share) == ("light", 0.5)


def test_the_newest_ten_are_remembered_each_once(tmp_path):
    """Opening one again brings it to the front."""
    memory = Memory(tmp_path / "window.json")
    for number in [*range(15), 7]:
        memory.opened([tmp_path / f"{number}.kpnerf"])

    names = [sources[0].rpartition("/")[2] for sources in memory.now.recent]
    assert len(names) == MOST_RECENT and names[:3] == ["7.kpnerf", "14.kpnerf", "13.kpnerf"]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "record",
    [
        "{", "[]", "7", '"dark"', '{"theme": "pink"}', '{"scale": 99}', '{"scale": true}', '{"size": [1]}',
        '{"size": ["a", "b"]}', '{"recent": [7]}', '{"recent": [[]]}', '{"photo_share": "wide"}', '{"unknown": 1}',
        '{"theme": []}', '{"photo_folders": {"a": 1}}', '{"hints_seen": null}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_a_first_start(tmp_path, record):
    """Never an error; and what is right in it counts."""
    (tmp_path / "window.json").write_text(record)
    assert Memory(tmp_path / "window.json").now == Preferences()
    try:
        with_more = json.dumps(json.loads(record) | {"enlarged": True})
    except (ValueError, TypeError):
        return
    (tmp_path / "window.json").write_text(with_more)

    assert Memory(tmp_path / "window.json").now == Preferences(enlarged=True)


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path):
    """A home that is read-only is no reason to stop."""
    (tmp_path / "state").touch()
    memory = Memory(tmp_path / "state" / "window.json")
    memory.change(theme="light")

    assert memory.now.theme == "light"


def test_recent_things_are_called_by_their_names():
    """Projects, folders, and photos."""
    assert recent_label(["/a/me.kpnerf"]) == "me.kpnerf"
    assert recent_label(["/a/b.jpg", "/a/c.jpg"]) == "b.jpg, c.jpg"
    assert recent_label(["/a/b.jpg", "/a/c.jpg", "/d.jpg", "/e.jpg"]) == "b.jpg, c.jpg and 2 more"
