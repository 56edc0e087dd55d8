"""The programs with which people chat, each with what it has shown so far.

irssi runs on a terminal, whose screen is read. weechat runs without one: commands go into its FIFO,
and it writes what it shows to its logs. ii has a directory with a FIFO and a file for each
conversation. The others read and write lines.
"""

import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path

import irctokens
import pyte
import pytest

SECONDS = 30
"""The time after which a test stops waiting; no test that passes waits so long."""

ROOM = "tea"
CHANNEL = f"#{ROOM}"

BIN = Path(sys.executable).parent


class ChatProgram:
    """A program that a user called `nick` runs."""

    def __init__(self, nick):
        self.nick = nick
        self.process = None

    def shown(self):
        """Return the lines that the user has read so far, in their order."""
        raise NotImplementedError

    def messages(self):
        """Return what was said in the room, as pairs of a name and a line of text."""
        raise NotImplementedError

    def secrets(self):
        """Return the private messages that the user has read, as pairs of a name and a text."""
        raise NotImplementedError

    def enter(self):
        """Join the room; return once the user reads so."""
        raise NotImplementedError

    def say(self, *texts):
        """Say something in the room."""
        raise NotImplementedError

    def read_on(self):
        """Wait for a moment, or for output."""
        time.sleep(0.02)  # nothing tells when a file has grown

    def wait_for(self, condition, description):
        """Read on until `condition` of the program is true."""
        deadline = time.monotonic() + SECONDS
        while not condition(self):
            shown = "\n".join(self.shown()[-40:])
            assert time.monotonic() < deadline, f"{self.nick}: no {description} in\n{shown}"
            self.read_on()

    def expect(self, pattern):
        """Wait until a line is shown that has the pattern; return the match."""
        self.wait_for(lambda program: program.find(pattern), f"{pattern!r}")
        return self.find(pattern)

    def find(self, pattern):
        """Return the match of the first line that has the pattern, None if there is none."""
        return next(filter(None, (re.search(pattern, line) for line in self.shown())), None)

    def count(self, pattern):
        """Return how many lines have the pattern."""
        return sum(re.search(pattern, line) is not None for line in self.shown())

    def expect_message(self, nick, text):
        """Wait until a message is shown."""
        self.wait_for(lambda program: (nick, text) in program.messages(), text)

    def expect_messages(self, *messages):
        """Wait until as many messages of others were shown; they have to be these."""
        words = f"{len(messages)} messages"
        self.wait_for(lambda program: len(program.from_others()) >= len(messages), words)
        assert self.from_others() == list(messages), self.nick

    def expect_secrets(self, *secrets):
        """Wait until as many private messages were shown; they have to be these."""
        words = f"{len(secrets)} private messages"
        self.wait_for(lambda program: len(program.secrets()) >= len(secrets), words)
        assert sorted(self.secrets()) == sorted(secrets), self.nick

    def from_others(self):
        """Return the messages of others."""
        return [message for message in self.messages() if message[0] != self.nick]

    def close(self):
        """End the program, unless it has ended."""
        self.process.kill()
        self.process.wait(SECONDS)


def is_installed(program):
    """Tell whether a program is installed."""
    return shutil.which(program) is not None


def require(program):
    """Skip the test if a program is not installed."""
    if not is_installed(program):
        pytest.skip(f"{program} is not installed")


class Irssi(ChatProgram):
    """irssi on a terminal that is large enough for all lines, with one window."""

    program = "irssi"
    rows, columns = 150, 600

    def __init__(self, nick, port, directory, account=None):
        super().__init__(nick)
        home = directory / f"irssi-{nick}"
        home.mkdir()
        sasl = ""
        if account is not None:
            words = zip(("mechanism", "username", "password"), ("plain", *account), strict=True)
            sasl = " ".join(f'sasl_{name} = "{value}";' for name, value in words)
        (home / "config").write_text(f"""
            servers = ({{ address = "localhost"; port = "{port}"; chatnet = "chatd";
                          autoconnect = "yes"; }});
            chatnets = {{ chatd = {{ type = "IRC"; {sasl} }}; }};
            settings = {{
                core = {{ nick = "{nick}"; user_name = "{nick}"; real_name = "{nick} Real";
                          server_reconnect_time = "1s"; }};
                "irc/core" = {{ cmd_queue_speed = "10msec"; cmds_max_at_once = "100"; }};
                "fe-text" = {{ paste_verify_line_count = "0"; }};
                "fe-common/core" = {{ autocreate_windows = "no"; autocreate_query_level = ""; }};
            }};
        """)
        self._terminal, program_side = pty.openpty()
        size = struct.pack("4H", self.rows, self.columns, 0, 0)
        ioctl(program_side, termios.TIOCSWINSZ, size)
        self._screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.ByteStream(self._screen)
        self.process = subprocess.Popen(
            ["irssi", f"--home={home}"],
            stdin=program_side,
            stdout=program_side,
            stderr=program_side,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
        )
        os.close(program_side)
        self.expect("There is no message of the day")

    def read_on(self):
        """Wait for output."""
        readable, _, _ = select.select([self._terminal], [], [], 1)
        if readable:
            self._stream.feed(os.read(self._terminal, 65536))

    def shown(self):
        """Return the lines on the screen, without their times and the rows of irssi itself."""
        lines = [line.rstrip() for line in self._screen.display[1:-2]]
        return [re.sub(r"^\d\d:\d\d ", "", line) for line in lines if line]

    def messages(self):
        """Return what was said in the room."""
        found = (re.match(r"<[ ~@+]?(\S+?)(?::#tea)?> (.*)", line) for line in self.shown())
        return [(match[1], match[2]) for match in found if match]

    def secrets(self):
        """Return the private messages."""
        found = (re.match(r"\[(\S+?)\(\S+@\S+\)\] (.*)", line) for line in self.shown())
        return [(match[1], match[2]) for match in found if match]

    def write(self, *lines):
        """Type lines."""
        os.write(self._terminal, "".join(f"{line}\r" for line in lines).encode())

    def enter(self):
        """Join the room."""
        self.write(f"/join {CHANNEL}")
        self.expect(f"Irssi: {CHANNEL}: Total of")

    say = write

    def raw(self, line):
        """Send a line as it is."""
        self.write(f"/quote {line}")

    def tell(self, nick, text):
        """Send a private message."""
        self.write(f"/msg {nick} {text}")

    def set_topic(self, text):
        """Set the topic of the room."""
        self.write(f"/topic {text}")

    def kick(self, nick, reason):
        """Remove somebody from the room."""
        self.write(f"/kick {nick} {reason}")

    def rename(self, nick):
        """Take another name."""
        self.nick = nick
        self.write(f"/nick {nick}")

    def close(self):
        """End the program, and close the terminal."""
        super().close()
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None


class Weechat(ChatProgram):
    """weechat without a terminal, with the settings that it has by default but for waiting."""

    program = "weechat-headless"

    def __init__(self, nick, port, directory, account=None, *, settings=()):
        super().__init__(nick)
        self.home = directory / f"weechat-{nick}"
        self.home.mkdir()
        self._fifo = self.home / "fifo"
        (self.home / "fifo.conf").write_text(f'[file]\nenabled = on\npath = "{self._fifo}"\n')
        (self.home / "logger.conf").write_text("[file]\nflush_delay = 0\n")
        options = {"nicks": nick, "autoreconnect_delay": "1", **dict(settings)}
        if not settings:
            options |= {"anti_flood_prio_low": "0", "anti_flood_prio_high": "0"}
        if account is not None:
            name, password = account
            options |= {"sasl_username": name, "sasl_password": password}
        commands = [f"/server add chatd localhost/{port}"]
        commands += [f"/set irc.server.chatd.{name} {text}" for name, text in options.items()]
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            ["weechat-headless", "--dir", self.home, "-r", ";".join([*commands, "/connect chatd"])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self.expect("There is no message of the day")

    def log(self, buffer):
        """Return the lines of a buffer: pairs of what stands before the text, and the text."""
        path = self.home / "logs" / f"irc.{buffer}.weechatlog"
        with suppress(FileNotFoundError):
            lines = path.read_text("utf-8").splitlines()
            return [tuple(line.split("\t", 2)[1:]) for line in lines]
        return []

    def buffers(self):
        """Return the names of the buffers, that of the room first."""
        logs = (self.home / "logs").glob("irc.*.weechatlog")
        names = [log.name.removeprefix("irc.").removesuffix(".weechatlog") for log in logs]
        return sorted(names, key=lambda name: (name != f"chatd.{CHANNEL}", name))

    def shown(self):
        """Return what is shown in the room, and then what is shown elsewhere."""
        lines = [line for buffer in self.buffers() for line in self.log(buffer)]
        return [f"{before} {text}" for before, text in lines]

    def messages(self):
        """Return what was said in the room."""
        lines = self.log(f"chatd.{CHANNEL}")
        return [(nick.lstrip("~@+"), text) for nick, text in lines if re.match(r"[~@+]?\w", nick)]

    def secrets(self):
        """Return the private messages."""
        people = (name for name in self.buffers() if re.match(r"chatd\.[^#]", name))
        lines = [line for buffer in people for line in self.log(buffer)]
        return [(nick, text) for nick, text in lines if re.match(r"\w", nick) and nick != self.nick]

    def write(self, *lines, buffer=f"chatd.{CHANNEL}"):
        """Type lines in a buffer."""
        with self._fifo.open("w", encoding="utf-8") as fifo:
            fifo.writelines(f"irc.{buffer} *{line}\n" for line in lines)

    def enter(self):
        """Join the room."""
        self.write(f"/join {CHANNEL}", buffer="server.chatd")
        self.expect(rf"Channel {CHANNEL}: \d+ nick")

    say = write

    def raw(self, line):
        """Send a line as it is."""
        self.write(f"/quote {line}", buffer="server.chatd")

    def tell(self, nick, text):
        """Send a private message."""
        self.write(f"/msg {nick} {text}")

    def set_topic(self, text):
        """Set the topic of the room."""
        self.write(f"/topic {text}")

    def kick(self, nick, reason):
        """Remove somebody from the room."""
        self.write(f"/kick {nick} {reason}")

    def rename(self, nick):
        """Take another name."""
        self.nick = nick
        self.write(f"/nick {nick}")


class Ii(ChatProgram):
    """ii, in a directory of its own; `account` has a name and a password."""

    program = "ii"

    def __init__(self, nick, port, directory, account=None):
        super().__init__(nick)
        self._home = directory / f"ii-{nick}" / "localhost"
        self._fifos = {}
        command = ["ii", "-s", "localhost", "-p", str(port), "-i", self._home.parent, "-n", nick]
        environment = dict(os.environ)
        if account is not None:
            environment["SECRET"] = ":".join(account)
            command += ["-k", "SECRET"]
        self._printed = (directory / f"ii-{nick}.out").open("wb")
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=self._printed
        )
        self.wait_for(lambda program: program.lines("."), "output")

    def lines(self, conversation):
        """Return the lines of a conversation, without their times."""
        with suppress(FileNotFoundError):
            text = (self._home / conversation / "out").read_text("utf-8")
            return [line.partition(" ")[2] for line in text.splitlines()]
        return []

    def shown(self):
        """Return what is shown in the room, and then what the server told."""
        return [*self.lines(CHANNEL), *self.lines(".")]

    def messages(self):
        """Return what was said in the room."""
        return _said_in_angles(self.lines(CHANNEL))

    def secrets(self):
        """Return the private messages; ii has a directory for each user."""
        folders = (path.name for path in self._home.iterdir() if path.is_dir())
        lines = [line for name in folders if name != CHANNEL for line in self.lines(name)]
        return [secret for secret in _said_in_angles(lines) if secret[0] != self.nick]

    def write(self, *lines, conversation=CHANNEL):
        """Write lines to the FIFO of a conversation, which stays open: its end loses lines."""
        fifo = self._fifos.get(conversation)
        if fifo is None:
            fifo = self._fifos[conversation] = (self._home / conversation / "in").open("wb", 0)
        fifo.write("".join(f"{line}\n" for line in lines).encode())

    def enter(self):
        """Join the room."""
        self.write(f"/j {CHANNEL}", conversation=".")
        self.wait_for(lambda program: (program._home / CHANNEL / "in").exists(), CHANNEL)
        self.expect("End of /NAMES list")

    say = write

    def raw(self, line):
        """Send a line as it is."""
        self.write(f"/{line}", conversation=".")

    def tell(self, nick, text):
        """Send a private message."""
        self.write(f"/PRIVMSG {nick} :{text}", conversation=".")

    def set_topic(self, text):
        """Set the topic of the room."""
        self.write(f"/t {text}")

    def kick(self, nick, reason):
        """Remove somebody from the room."""
        self.raw(f"KICK {CHANNEL} {nick} :{reason}")

    def rename(self, nick):
        """Take another name."""
        self.nick = nick
        self.write(f"/n {nick}", conversation=".")

    def close(self):
        """End the program, and close its FIFOs."""
        super().close()
        for fifo in (self._printed, *self._fifos.values()):
            with suppress(BrokenPipeError):
                fifo.close()


def _said_in_angles(lines):
    found = (re.fullmatch(r"<(\S+)> (.*)", line) for line in lines)
    return [(match[1], match[2]) for match in found if match]


class Lines(ChatProgram):
    """A program that reads and writes lines."""

    end = "\n"

    def __init__(self, nick, *command):
        super().__init__(nick)
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._read = b""

    def read_on(self):
        """Wait for output."""
        readable, _, _ = select.select([self.process.stdout], [], [], 1)
        if readable:
            self._read += os.read(self.process.stdout.fileno(), 65536)

    def shown(self):
        """Return the whole lines."""
        return self._read.decode(errors="ignore").replace("\r\n", "\n").split("\n")[:-1]

    def write(self, *lines):
        """Write lines."""
        self.process.stdin.write("".join(f"{line}{self.end}" for line in lines).encode())
        self.process.stdin.flush()

    say = write

    def close(self):
        """End the program, and close its pipes."""
        super().close()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()


class TextNc(Lines):
    """`nc` on the native port."""

    program = "nc"

    def __init__(self, nick, port, _directory):
        super().__init__(nick, "nc", "localhost", port)

    def messages(self):
        """Return what was said in the room; a further line of a message is not one of these."""
        found = (re.fullmatch(r"(\w+): (.*)", line) for line in self.shown())
        said = [(match[1], match[2]) for match in found if match]
        return [
            (nick, text)
            for nick, text in said
            if nick not in {"Server", "Administrator"} and not text.startswith("joined us")
        ]

    def secrets(self):
        """Return the private messages."""
        found = (re.fullmatch(r"(\w+) \(secret\): (.*)", line) for line in self.shown())
        return [(match[1], match[2]) for match in found if match]

    def enter(self):
        """Join the room."""
        joined = f"You join @chatroom {ROOM}"
        count = self.count(joined)
        self.write(f"`enter {ROOM} {self.nick}")
        self.wait_for(lambda program: program.count(joined) > count, joined)

    def tell(self, nick, text):
        """Send a private message."""
        self.write(f"`secret {nick} {text}")


class LineClient(TextNc):
    """`chatd-client` on pipes."""

    def __init__(self, nick, port, _directory):
        Lines.__init__(self, nick, BIN / "chatd-client", "localhost", port)


class JsonNc(Lines):
    """A program that talks in JSON, by way of `nc`."""

    def __init__(self, nick, port, _directory):
        super().__init__(nick, "nc", "localhost", port)
        self.write("`format json")

    def objects(self):
        """Return the objects that were read."""
        return [json.loads(line) for line in self.shown()]

    def events(self, name):
        """Return the events of a name."""
        return [event for event in self.objects() if event["event"] == name]

    def ask(self, command, **params):
        """Send a request; return its reply."""

        def replies(program):
            return [each for each in program.objects() if each.get("tag") == command]

        count = len(replies(self))
        self.write(json.dumps({"command": command, "tag": command, **params}))
        self.wait_for(lambda program: len(replies(program)) > count, f"reply to {command}")
        reply = replies(self)[-1]
        assert reply["event"] != "error", reply
        return reply

    def messages(self):
        """Return what was said in the room."""
        return [(event["from"], event["text"]) for event in self.events("said")]

    def secrets(self):
        """Return the private messages."""
        return [(event["from"], event["text"]) for event in self.events("secret")]

    def enter(self):
        """Join the room."""
        self.ask("enter", chatroom_id=ROOM, chatter_name=self.nick)

    def say(self, *texts):
        """Say something in the room."""
        self.write(*(json.dumps({"command": "say", "text": text}) for text in texts))

    def tell(self, nick, text):
        """Send a private message."""
        self.write(json.dumps({"command": "secret", "chatter_name": nick, "message": text}))

    def members(self):
        """Return the names of the members of the room."""
        return [each["name"] for each in self.ask("who", chatroom_id=ROOM)["members"]]

    def history(self):
        """Return what was said in the room, as the server has it."""
        said = self.ask("history", chatroom_id=ROOM, limit=500)["messages"]
        return [(message["from"], message["text"]) for message in said]


class IrcNc(Lines):
    """Somebody who types the lines of IRC into `nc`; `caps` are capabilities to ask for."""

    program = "nc"
    end = "\r\n"

    def __init__(self, nick, port, _directory, account=None, *, caps=()):
        super().__init__(nick, "nc", "localhost", port)
        if caps:
            self.write(f"CAP REQ :{' '.join(caps)}")
        if account is not None:
            self.write(f"PASS {':'.join(account)}")
        self.write(f"NICK {nick}", f"USER {nick} 0 * :{nick} Real", *(["CAP END"] if caps else []))
        self.expect(" 422 ")

    def lines(self, command):
        """Return the lines with a command, as irctokens reads them."""
        tokens = map(irctokens.tokenise, self.shown())
        return [line for line in tokens if line.command == command]

    def messages(self):
        """Return what was said in the room."""
        return self._sent_to(CHANNEL)

    def secrets(self):
        """Return the private messages."""
        return self._sent_to(self.nick)

    def _sent_to(self, target):
        return [
            (line.hostmask.nickname, line.params[1])
            for line in self.lines("PRIVMSG")
            if line.params[0] == target
        ]

    def enter(self):
        """Join the room."""
        self.write(f"JOIN {CHANNEL}")
        self.expect(f" 366 {self.nick} {CHANNEL} ")

    def say(self, *texts):
        """Say something in the room."""
        self.write(*(f"PRIVMSG {CHANNEL} :{text}" for text in texts))

    def raw(self, line):
        """Send a line."""
        self.write(line)

    def tell(self, nick, text):
        """Send a private message."""
        self.write(f"PRIVMSG {nick} :{text}")

    def set_topic(self, text):
        """Set the topic of the room."""
        self.write(f"TOPIC {CHANNEL} :{text}")

    def kick(self, nick, reason):
        """Remove somebody from the room."""
        self.write(f"KICK {CHANNEL} {nick} :{reason}")

    def rename(self, nick):
        """Take another name."""
        self.nick = nick
        self.write(f"NICK {nick}")
