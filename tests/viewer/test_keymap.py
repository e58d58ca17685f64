"""Keys from a person's file."""

import pytest

from kpnerf.viewer.command import Key
from kpnerf.viewer.commands import COMMANDS, command_for
from kpnerf.viewer.keymap import load_keys, parse_key, write_template


def loaded(tmp_path, text: str):
    """The commands by title, and the problem, of a file with this text."""
    file = tmp_path / "keys.toml"
    file.write_text(text, encoding="utf-8")
    commands, problem = load_keys(COMMANDS, file)
    return {command.title: command.keys for command in commands}, problem


def test_without_a_file_keys_are_as_usual(tmp_path):
    """And nobody hears of it."""
    assert load_keys(COMMANDS, tmp_path / "keys.toml") == (COMMANDS, None)


def test_keys_are_given_to_commands_and_taken_from_others(tmp_path):
    """As in the menu, with or without the dots, however it is spelled; one, several or none."""
    keys, problem = loaded(tmp_path, '"undo" = "F5"\n"Open…" = ["ctrl + K", "F2"]\n"Save as" = []\n')

    assert problem is None
    assert keys["Undo"] == (Key("F5"),)
    assert keys["Open…"] == (Key("K", ctrl=True), Key("F2"))
    assert keys["Save as…"] == ()
    assert keys["Solve again"] == ()  # had F5
    assert keys["Redo"] == (Key("Z", ctrl=True, shift=True), Key("Y", ctrl=True))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('"Explode" = "X"', "there is no command “Explode”"),
        ('"Undo" = "Ctrl+Banana"', "there is no key “Ctrl+Banana”"),
        ('"Undo" = "Hyper+U"', "there is no key “Hyper+U”"),
        ('"Undo" = 7', "“Undo” needs a key"),
        ('"Undo" = [7]', "“Undo” needs a key"),
        ('"Undo" = "U"\n"Redo" = "U"', "U is given to “Undo” and to “Redo”"),
        ('"Undo" = ', "keys.toml is not understood: Invalid value (at line 1, column 10)"),
        ('"Undo" = "U"\n"Undo" = "V"', "is not understood: Cannot overwrite a value"),
        ("\x00", "is not understood"),
    ],
)
def test_a_mistake_is_one_sentence_and_everything_else_counts(tmp_path, text, sentence):
    """Whatever is in the file."""
    keys, problem = loaded(tmp_path, f'{text}\n"Face on" = "F7"\n')

    assert sentence in problem and "\n" not in problem
    understood = "not understood" not in problem
    assert keys["Face on"] == ((Key("F7"),) if understood else (Key("F", shift=True),))


def test_a_file_that_is_no_text_is_told(tmp_path):
    """Bytes that are no UTF-8, a folder in its place."""
    file = tmp_path / "keys.toml"
    file.write_bytes(b"\xff\xfe")
    assert "cannot be read" in load_keys(COMMANDS, file)[1]
    file.unlink()
    file.mkdir()
    assert "cannot be read" in load_keys(COMMANDS, file)[1]


def test_every_usual_key_can_be_written_and_read(tmp_path):
    """The template names every command with its keys; with its remarks taken away it changes nothing."""
    file = write_template(COMMANDS, tmp_path / "folder" / "keys.toml")
    lines = [line.removeprefix("# ") if line.startswith('# "') else line for line in file.read_text().splitlines()]
    assert load_keys(COMMANDS, file) == (COMMANDS, None)
    file.write_text("\n".join(lines), encoding="utf-8")

    assert load_keys(COMMANDS, file) == (COMMANDS, None)
    assert write_template((), file).read_text() == "\n".join(lines)  # an existing file is left alone
    assert all(parse_key(key.spelled) == key for command in COMMANDS for key in command.keys)
    assert command_for(parse_key("shift+?")) is command_for(Key("?"))
