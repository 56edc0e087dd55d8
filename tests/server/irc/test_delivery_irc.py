"""Random messages of all protocols: every member reads each message of others once, in order."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.config import Irc
from chatd.protocol.irc import capabilities as caps
from chatd.testing import MemoryServer
from tests.server.irc.observer import connect
from tests.server.irc.reading import ALL

WORD = "staple-battery"
CAPABILITIES = (
    ALL,
    (),
    (caps.MESSAGE_TAGS, caps.ECHO_MESSAGE),
    (caps.MESSAGE_TAGS, caps.BATCH, caps.LABELED_RESPONSE),
    (caps.MESSAGE_TAGS, caps.BATCH, caps.MULTILINE, caps.SERVER_TIME),
    ALL,
    (caps.MESSAGE_TAGS,),
)
SESSIONS = {5, 6}
"""The clients that are sessions of `amy`; the others are guests."""

NATIVE = ("Text", "Prog", "amy")
"""The users of the native clients: the first uses text, the others JSON."""

CHANNELS = ("#tea", "#food")
TEXTS = (
    *("hi", "two\nlines", ("a b " * 80).strip(), "é" * 200, "a\n\nb\n\n\nc", "x" * 390, "x" * 2000),
    *("\U0001f600" * 300, ":x", "\n".join("abcdefghij"), "é" * 600 + "\n" + "b " * 300 + "c"),
)
FORMS = ("PRIVMSG", "PRIVMSG", "NOTICE", "label", "batch", "ACTION")
MESSAGES = st.lists(
    st.tuples(
        st.integers(0, len(CAPABILITIES) + len(NATIVE) - 1),
        st.sampled_from(CHANNELS),
        st.sampled_from(TEXTS),
        st.sampled_from(FORMS),
        st.booleans(),
    ),
    min_size=5,
    max_size=30,
)


class Crowd:
    """A server with seven IRC clients and three native ones, who are all in two rooms.

    `said` has the speaker, the name and the text of each message of a room, in the order of ids.
    """

    def __init__(self):
        self.server = MemoryServer(
            irc=Irc(name="irc.test"),
            clock_offset=1_795_186_276.0,
            rooms_per_client=2,
            rooms=(("tea", "Tea"), ("food", "Food")),
        )
        self.server.connect().ask(f"`register amy {WORD}")
        self.irc = []
        for number, capabilities in enumerate(CAPABILITIES):
            account = ("amy", WORD) if number in SESSIONS else None
            observer = connect(self.server, f"n{number}", capabilities, account=account)
            observer.send("JOIN #tea,#food")
            self.irc.append(observer)
        self.native = [self.server.connect() for _ in NATIVE]
        text, program, session = self.native
        for channel in CHANNELS:
            text.ask(f"`enter {channel[1:]} Text")
            program.ask(f"`enter {channel[1:]} Prog")
        session.ask(f"`login amy {WORD}")
        for client in (program, session):
            client.ask("`format json")
        for observer in self.irc:
            observer.read()
        self.said = {channel: [] for channel in CHANNELS}
        self.read = {
            (number, channel): [] for number in range(len(CAPABILITIES)) for channel in CHANNELS
        }
        self.speakers = set()

    def say(self, number, channel, text, form):
        """Let a client say something."""
        self.speakers.add(number)
        if number < len(self.irc):
            text = self.say_in_irc(number, channel, text, form)
            name = self.irc[number].nick
        else:
            name = NATIVE[number - len(self.irc)]
            client = self.native[number - len(self.irc)]
            if name == "Text":
                text = text.replace("\n", " ")
                client.send(f"`broadcast {channel[1:]} {text}")
            else:
                request = {"command": "broadcast", "chatroom_id": channel[1:], "message": text}
                client.send(json.dumps(request))
        self.said[channel].append((number, name, text))

    def say_in_irc(self, number, channel, text, form):
        """Let an IRC client say something; return what others should read."""
        observer = self.irc[number]
        if form == "batch" and caps.MULTILINE in CAPABILITIES[number]:
            observer.send(f"BATCH +1 draft/multiline {channel}", label=True)
            text = "\n".join(line[:100] for line in text.split("\n"))
            for line in text.split("\n"):
                observer.send(f"@batch=1 PRIVMSG {channel} :{line}")
            observer.send("BATCH -1")
            return text
        text = text.partition("\n")[0][:90]
        if form == "ACTION":
            observer.send(f"PRIVMSG {channel} :\x01ACTION {text}\x01")
        else:
            command = "NOTICE" if form == "NOTICE" else "PRIVMSG"
            observer.send(f"{command} {channel} :{text}", label=form == "label")
        return text

    def turn(self):
        """Let all IRC clients read; those that said nothing get one write."""
        for number, observer in enumerate(self.irc):
            transport, writes = observer.client.transport, []
            write = transport.write
            transport.write = lambda data, write=write, writes=writes: (
                writes.append(data),
                write(data),
            )
            lines = observer.read()
            transport.write = write
            assert number in self.speakers or len(writes) <= 1
            observer.check_idle()
            for channel in CHANNELS:
                self.read[number, channel] += messages(lines, channel)
        self.speakers.clear()

    def check(self, number, channel):
        """Compare what a client has read with what was said."""
        capabilities = CAPABILITIES[number]
        expected = [
            (f"{channel[1:]}/{at}", name, text)
            for at, (speaker, name, text) in enumerate(self.said[channel], 1)
            if speaker != number or caps.ECHO_MESSAGE in capabilities
        ]
        found = self.read[number, channel]
        if caps.MULTILINE in capabilities:
            assert found == expected
        else:
            assert together(found, capabilities) == together(expected, capabilities)


def messages(lines, channel):
    """Return the id, the name and the text of each message; a line that goes on has no id."""
    found, batch = [], None
    for line in lines:
        tags = line.tags or {}
        if line.command == "BATCH" and line.params[1:2] == [caps.MULTILINE]:
            batch = line.params[0][1:]
            if line.params[2] == channel:
                found.append([tags["msgid"], line.hostmask.nickname, None])
        elif line.command in {"PRIVMSG", "NOTICE"} and line.params[0] == channel:
            text = line.params[1].removeprefix("\x01ACTION ").removesuffix("\x01")
            if batch is not None and tags.get("batch") == batch:
                before = found[-1][2]
                joint = "" if f"{caps.MULTILINE}-concat" in tags else "\n"
                found[-1][2] = text if before is None else f"{before}{joint}{text}"
            else:
                found.append([tags.get("msgid"), line.hostmask.nickname, text])
    return [tuple(each) for each in found]


def together(found, capabilities):
    """Return messages without ends of lines; one without an id is a part of the one before."""
    has_ids, whole = caps.MESSAGE_TAGS in capabilities, []
    for number, name, text in found:
        goes_on = number is None if has_ids else whole and whole[-1][1] == name
        if goes_on:
            whole[-1][2] += text.replace("\n", "")
        else:
            whole.append([number if has_ids else None, name, text.replace("\n", "")])
    return whole


@settings(max_examples=25, deadline=None)
@given(MESSAGES)
def test_everybody_reads_everything_once(said):
    """In the order of the room, with the same ids; own messages only with echo-message, once."""
    crowd = Crowd()
    for number, channel, text, form, ends_turn in said:
        crowd.say(number, channel, text, form)
        if ends_turn:
            crowd.turn()
    crowd.turn()
    for number, channel in crowd.read:
        crowd.check(number, channel)


def test_private_messages_come_once():
    """To each session of the user; the other sessions of the sender read them, too."""
    crowd = Crowd()
    crowd.irc[0].send("PRIVMSG amy :psst", label=True)
    (echo,) = crowd.irc[0].read()
    copies = [crowd.irc[number].read() for number in sorted(SESSIONS)]
    assert [[line.params for line in lines] for lines in copies] == [[["amy", "psst"]]] * 2
    assert {lines[0].tags["msgid"] for lines in copies} == {echo.tags["msgid"]}
    assert crowd.irc[2].read() == []
    crowd.irc[5].send("PRIVMSG n2 :hush")
    (line,) = crowd.irc[2].read()
    assert line.params == ["n2", "hush"]
    for number in SESSIONS:
        (line,) = crowd.irc[number].read()
        assert (line.hostmask.nickname, line.params) == ("amy", ["n2", "hush"])
