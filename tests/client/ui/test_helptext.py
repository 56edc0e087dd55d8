"""Help on a terminal."""

import pytest

from chatd.client.ui.commands import LINE_COMMANDS
from chatd.client.ui.frontend import Line
from chatd.client.ui.guided_input import GUIDED_COMMANDS
from chatd.client.ui.helptext import SUBJECTS, help_on, overview
from chatd.client.ui.render import rows
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.protocol.command import help_text
from tests.client.ui.frontends import texts

KICK = "`kick <chatter_name> [reason]`: Remove a chatter from the current chat room."


def test_every_command_has_a_subject():
    """Each command that can be typed belongs to one subject."""
    listed = [name for names in SUBJECTS.values() for name in names]
    typed = {name for name, command in LINE_COMMANDS.items() if not command.json_only}
    assert sorted(listed) == sorted(typed)


@pytest.mark.parametrize("commands", [LINE_COMMANDS, GUIDED_COMMANDS])
def test_overview_fits(commands):
    """The overview fits a terminal of 24 rows, with the prompt and the status line."""
    shown = rows(Line(overview(commands), stamped=False), 0.0, 80, lambda _: "")
    lines = "".join(words for _, words in shown).splitlines()
    assert len(lines) <= 22
    assert all(len(line) < 80 for line in lines)
    assert ("`connect" in overview(commands)) is (commands is LINE_COMMANDS)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("kick", KICK),
        ("`kick", KICK),
        ("/KICK now", KICK),
        ("leave", "`quit`: Quit the current chat room. Or `leave, `part."),
        (
            "topic",
            "`topic [text]`: Show the topic of the current chat room, or set it; - removes it.",
        ),
        ("kcik", "Server: Unknown command `kcik. Did you mean `kick?"),
        ("all", f"\n{help_text(LINE_COMMANDS.values())}"),
    ],
)
def test_help_on(word, words):
    """One command is explained alone, by any of its names."""
    assert help_on(word, LINE_COMMANDS) == words


def test_subject():
    """A subject has a line for each of its commands."""
    lines = help_on("people", LINE_COMMANDS).splitlines()
    assert [line.split()[0].strip("`:") for line in lines] == list(SUBJECTS["people"])
    assert "connect" not in help_on("client", GUIDED_COMMANDS)


def test_typed():
    """Help needs no connection."""
    frontend = TerminalMode()
    assert texts(frontend.typed("/help")) == [overview(LINE_COMMANDS)]
    assert texts(frontend.typed("/help kick")) == [KICK]
