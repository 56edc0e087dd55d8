"""The words of HELP."""

from chatd.server.irc.commands import COMMANDS
from chatd.server.irc.helptext import HELP, INTRODUCTION


def test_every_command_is_explained():
    """And no other one; the list is in the order of the alphabet."""
    assert HELP.keys() == COMMANDS.keys()
    assert list(HELP) == sorted(HELP)


def test_the_texts():
    """Each has a line that shows how the command is written, and short ones of words."""
    for command, (usage, *words) in HELP.items():
        assert usage.split()[0] == command
        assert words
        assert all(len(line) <= 90 and line.endswith((".", ",", ":")) for line in words)
    assert max(map(len, INTRODUCTION)) <= 80
