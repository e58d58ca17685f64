"""What file dialogs list, and what pasted text names."""

from pathlib import Path

import pytest

from kpnerf.core.errors import UserError
from kpnerf.viewer.folder_listing import list_folder, paths_in_text


def test_folders_come_first_and_only_wanted_files_are_listed(tmp_path):
    """By name, whatever the case; hidden ones and others are left out, a link to nowhere does no harm."""
    for name in ("b.JPG", "A.jpg", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).write_bytes(b"1234")
    (tmp_path / "zebra").mkdir()
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    entries = list_folder(tmp_path, (".jpg",))

    assert [entry.name for entry in entries] == ["zebra/", "A.jpg", "b.JPG", "broken.jpg"]
    assert entries[1].size == 4


def test_a_folder_that_cannot_be_read_is_told():
    """One sentence instead of an empty list."""
    with pytest.raises(UserError, match="cannot be read"):
        list_folder(Path("/nowhere/at/all"), (".jpg",))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.jpg", ["/here/a.jpg"]),
        ('"a b.jpg" "c.jpg"', ["/here/a b.jpg", "/here/c.jpg"]),
        ("/tmp/a.jpg\n/tmp/b.jpg\n", ["/tmp/a.jpg", "/tmp/b.jpg"]),
        ("file:///home/me/a%20b.jpg", ["/home/me/a b.jpg"]),
        ("../up.jpg", ["/up.jpg"]),
        ("it's one.jpg", ["/here/it's one.jpg"]),
        ("   ", []),
    ],
)
def test_pasted_text_names_paths(text, names):
    """Typed, quoted, one a line, or from a file manager."""
    assert paths_in_text(text, Path("/here")) == [Path(name) for name in names]
