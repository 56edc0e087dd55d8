"""The line editor, with the keys and the output of its terminal in memory."""

import asyncio
import io
import json
import os
import re
import socket

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.output.vt100 import Vt100_Output

from chatd.admin.editor import Editor

SECONDS = 20
PROMPT = "Chat administration:> "
UP = "\x1b[A"
LEFT = "\x1b[D"

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])")


class EditorHarness:
    """An editor, and the server's end of its connection."""

    def __init__(self, typed):
        self._typed = typed
        self._output = io.StringIO()
        ours, theirs = socket.socketpair()
        output = PlainTextOutput(self._output)
        if os.environ["TERM"] != "dumb":
            output = Vt100_Output(self._output, lambda: Size(24, 80), enable_cpr=False)
        self.editor = Editor(ours, None, typed, output)
        self._server = theirs

    async def start(self):
        """Run the editor."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._server)
        self._running = asyncio.ensure_future(self.editor.run())

    def type(self, keys):
        """Type text or the escape sequences of keys."""
        self._typed.send_bytes(keys.encode(errors="surrogateescape"))

    def send(self, **message):
        """Send a message as the server does."""
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def receive(self):
        """Return the next message of the editor; None at the end of its input."""
        line = await asyncio.wait_for(self._reader.readline(), SECONDS)
        return json.loads(line) if line else None

    async def shown(self, text):
        """Wait until `text` is printed."""

        async def wait():
            while text not in self.printed:
                await asyncio.sleep(0)

        await asyncio.wait_for(wait(), SECONDS)

    async def ended(self):
        """Wait until the editor has ended."""
        await asyncio.wait_for(self._running, SECONDS)

    async def close(self):
        """Close the connection, and wait for the end of the editor."""
        self.send(closed=None)
        self.disconnect()
        await self.ended()

    def disconnect(self):
        """Close the connection."""
        self._writer.close()

    @property
    def output(self):
        """The output so far."""
        return self._output.getvalue()

    @property
    def printed(self):
        """The output so far, without escape sequences."""
        return _ESCAPE.sub("", self.output)


@pytest.fixture
def play(monkeypatch):
    """Return a function that runs a coroutine function with a running editor."""
    monkeypatch.setenv("TERM", "xterm")

    def play(scene):
        async def run():
            with create_pipe_input() as typed:
                harness = EditorHarness(typed)
                await harness.start()
                try:
                    await scene(harness)
                    await harness.ended()
                finally:
                    harness.disconnect()
                return harness

        return asyncio.run(run())

    return play


def test_a_line(play):
    """The editor sends what is typed at the prompt, and prints the reply below it."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("start 1 Zoë 日本 😄\r")
        assert await editor.receive() == {"line": "start 1 Zoë 日本 😄"}
        editor.send(print=["Administrator: Chatroom 1 started!"])
        await editor.close()

    editor = play(scene)
    assert "start 1 Zoë 日本 😄" in editor.printed
    assert editor.printed.endswith("Administrator: Chatroom 1 started!\r\n")
    assert editor.editor.orderly


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (f"list{LEFT}{LEFT}x", "lixst"),
        ("one two\x17", "one "),
        ("x\x1b[H\x04y", "y"),
        ("a\x00b\x1ac", "abc"),
        ("a\udcffb", "ab"),
    ],
)
def test_keys(play, keys, line):
    """Keys edit the line; keys that would do something else are ignored."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type(f"{keys}\r")
        assert await editor.receive() == {"line": line}
        await editor.close()

    play(scene)


def test_history(play):
    """The arrow up brings back the last command, and never an answer to a question."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("passwd alice\r")
        await editor.receive()
        editor.send(question="Enter password: ")
        editor.type("correct horse\r")
        assert await editor.receive() == {"line": "correct horse"}
        editor.send(prompt=PROMPT)
        editor.type(f"{UP}\r")
        assert await editor.receive() == {"line": "passwd alice"}
        await editor.close()

    assert "horse" not in play(scene).printed


def test_lines_above(play):
    """Lines that arrive are printed above the line being typed, which is drawn again."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("kick\t")
        await editor.receive()
        editor.send(print=["one", "two"])
        editor.type(" Bob\r")
        assert await editor.receive() == {"line": "kick Bob"}
        await editor.close()

    assert re.search(r"one\r\ntwo\r\nChat administration:> ?kick", play(scene).printed)


def test_lines_before_the_prompt_is_drawn(play):
    """Lines that arrive together with a prompt are printed before it, and nothing else is."""
    printed = []

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("quit\r")
        await editor.receive()
        await editor.shown("quit\r\n")
        printed.append(editor.printed)
        editor.send(prompt=PROMPT, print=["one"])
        await editor.close()

    after = play(scene).printed.removeprefix(printed[0])
    assert after.startswith("one\r\n")
    assert "quit" not in after


def test_lines_above_a_question(play):
    """The question is drawn again below the lines; what was typed of the answer stays."""

    async def scene(editor):
        editor.send(question="Enter password: ")
        await editor.shown("Enter password: ")
        editor.send(print=["one"])
        await editor.shown("one")
        editor.type("correct horse\r")
        assert await editor.receive() == {"line": "correct horse"}
        await editor.close()

    assert re.search(r"one\r\nEnter password: ", play(scene).printed)


def test_completion(play):
    """Tab asks the server, whose completion replaces the word before the cursor."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("KI\t")
        assert await editor.receive() == {"complete": "KI"}
        editor.send(completion=["KI", 2, "kick "])
        editor.send(completion=["KI", 2, "too late"], print=["here"])
        await editor.shown("here")
        editor.type("\t")
        assert await editor.receive() == {"complete": "kick "}
        editor.type("Bob\r")
        assert await editor.receive() == {"line": "kick Bob"}
        await editor.close()

    play(scene)


def test_paste(play):
    """Each pasted line is a line of its own, and a pasted answer is not shown."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("\x1b[200~passwd alice\r\ncorrect horse\nlist\x1b[201~")
        assert await editor.receive() == {"line": "passwd alice"}
        editor.send(question="Enter password: ")
        assert await editor.receive() == {"line": "correct horse"}
        editor.send(prompt=PROMPT)
        editor.type("\r")
        assert await editor.receive() == {"line": "list"}
        await editor.close()

    assert "horse" not in play(scene).printed


@pytest.mark.parametrize("keys", ["\x03", "\x04", "half of it\x03", "half of it\x04"])
def test_cancel(play, keys):
    """Ctrl-C and Ctrl-D cancel a question, whatever has been typed."""

    async def scene(editor):
        editor.send(question="Enter password: ")
        editor.type(keys)
        assert await editor.receive() == {"cancel": None}
        await editor.close()

    play(scene)


def test_ctrl_d(play):
    """Ctrl-D on an empty line ends the input; the server then closes the console."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("x\x7f\x04")
        assert await editor.receive() is None
        await editor.close()

    assert play(scene).editor.orderly


def test_ctrl_c(play):
    """Ctrl-C closes the console even if the server does not answer."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("half a li\x03")
        await editor.ended()

    assert play(scene).editor.orderly


def test_ctrl_c_with_another_meaning(play):
    """With `on_interrupt`, Ctrl-C calls that, and the console continues."""
    interrupted = []

    async def scene(editor):
        editor.editor._on_interrupt = lambda: interrupted.append(editor.send(prompt=PROMPT))
        editor.send(prompt=PROMPT)
        editor.type("half a li\x03list\r")
        assert await editor.receive() == {"line": "list"}
        await editor.close()

    play(scene)
    assert len(interrupted) == 1


def test_the_server_closes_while_a_line_is_typed(play):
    """The last words are printed above the line, and the line is erased."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("half a\t")
        await editor.receive()
        editor.send(print=["System: Shutting down server..."])
        await editor.close()

    editor = play(scene)
    assert "System: Shutting down server...\r\n" in editor.printed
    _, _, after_erasing = editor.output.rpartition("\x1b[J")
    assert "half a" not in after_erasing
    assert editor.editor.orderly


def test_the_server_crashes(play):
    """A connection that is lost without `closed` is not an orderly end."""

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.disconnect()
        await editor.ended()

    assert not play(scene).editor.orderly


def test_a_dumb_terminal(play, monkeypatch):
    """A dumb terminal gets no escape sequences, and answers are hidden there, too."""
    monkeypatch.setenv("TERM", "dumb")

    async def scene(editor):
        editor.send(prompt=PROMPT)
        editor.type("passwd alice\r")
        assert await editor.receive() == {"line": "passwd alice"}
        editor.send(question="Enter password: ")
        await editor.shown("Enter password: ")
        editor.send(print=["one"])
        await editor.shown("one")
        editor.type("correct horse\r")
        assert await editor.receive() == {"line": "correct horse"}
        await editor.close()

    editor = play(scene)
    assert "horse" not in editor.printed
    assert "\x1b" not in editor.output
    assert "\r\none\r\nEnter password: " in editor.printed
