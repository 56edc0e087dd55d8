"""Random acts of users of all protocols: what IRC clients learn of the rooms is how the rooms are.

ircstates, a library for IRC clients, reads all lines that the server sends.
"""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatd.config import Irc
from chatd.core.lookalikes import room_key
from chatd.core.rooms import Role
from chatd.protocol.irc import capabilities as caps
from chatd.testing import MemoryServer
from tests.server.irc.observer import connect
from tests.server.irc.reading import ALL

WORD = "staple-battery"
ROOMS = ("tea", "Ö;2", "x" * 32)
LONGEST = "\U00020000" * 32
NAMES = ("ann", "Bob", "Élan", "z", LONGEST, "amy")
TEXTS = (
    "hi",
    "",
    "two\nlines\n\nand one",
    "é" * 180,
    "\U0001f600" * 90,
    "a b " * 80,
    ":x ;",
    "\x02b",
)
LONG_TEXTS = (*TEXTS, "é" * 300, "\U0001f600" * 600, "a b " * 400)
MODES = (
    "+m", "-m", "+i", "-i", "+s", "-s", "+t", "-t", "+n", "+l 3", "-l", "+k tea", "-k tea", "+b",
    "+o {}", "-o {}", "+v {}", "-v {}", "+b {}!*@*", "-b {}!*@*", "+b $a:amy", "-b $a:amy",
    "+im-t", "-im+t", "+vo {0} {0}", "+q {}",
)  # fmt: skip

CAPABILITIES = (
    ALL,
    ("multi-prefix", "userhost-in-names", "extended-join", "away-notify", "setname", "account-tag"),
    (),
    tuple(name for name in ALL if name != "draft/multiline"),
    ("message-tags", "batch", "labeled-response", "server-time"),
    ("echo-message", "message-tags", "batch", "draft/multiline"),
)
CURIOUS = 2
"""How many clients ask for modes and members as they join: both know who is away."""

ACCOUNTS = {3: ("amy", WORD), 4: ("amy", WORD)}
"""The clients that log in: the others are guests."""

NEEDED = {
    "CHATHISTORY": caps.CHATHISTORY,
    "MARKREAD": caps.READ_MARKER,
    "REDACT": caps.REDACTION,
}
"""The capabilities that queries need."""

LETTERS = {Role.OWNER: "q", Role.OPERATOR: "o", Role.VOICE: "v", Role.NONE: ""}
ONCE = {"NICK", "QUIT", "AWAY", "SETNAME", "JOIN", "PART", "KICK", "TOPIC"}

irc_clients = st.integers(0, len(CAPABILITIES) - 1)
native_clients = st.integers(0, 3)
rooms = st.sampled_from(ROOMS)
names = st.sampled_from(NAMES)
texts = st.sampled_from(TEXTS)


class IrcMachine(RuleBasedStateMachine):
    """A server with six IRC clients and four native ones; two of each are sessions of `amy`."""

    def __init__(self):
        super().__init__()
        self.server = MemoryServer(
            irc=Irc(name="irc.test", rooms=3),
            clock_offset=1_795_186_276.0,
            rooms_per_client=3,
            sessions_per_account=4,
            rooms=(("tea", "Tea time"),),
        )
        self.server.connect().ask(f"`register amy {WORD}")
        self.irc = [self.connect_irc(number) for number in range(len(CAPABILITIES))]
        self.native = [self.connect_native(number) for number in range(4)]
        self.acts = 0
        self.alone = False

    @initialize(alone=st.booleans(), chosen=st.lists(st.tuples(st.integers(0, 9), rooms)))
    def begin(self, alone, chosen):
        """Let most clients join rooms, and decide whether clients read after each act."""
        for number in (0, 1, 2, 6, 3, 5):
            self.enter(number, "tea")
        for number, room in chosen:
            self.enter(number, room)
        self.acts = 0
        self.turn()
        self.alone = alone

    def enter(self, number, room):
        """Let a client join a room: an IRC client, or a native one if the number is higher."""
        if number < len(self.irc):
            self.do(number, f"JOIN #{room}")
            self.look_around(number, room)
        else:
            self.type(number - len(self.irc), f"`enter {room} native{number}")

    def member(self, room, number):
        """Return the name of a member of a room, or of an IRC client if there is none."""
        found = self.server.service.world.rooms.by_key(room_key(room))
        members = [] if found is None else list(found.members)
        if number % 8 == 7 or not members:
            return self.irc[number % len(self.irc)].nick
        return members[number % len(members)].name

    def connect_irc(self, number):
        """Connect an IRC client."""
        return connect(
            self.server, f"irc{number}", CAPABILITIES[number], account=ACCOUNTS.get(number)
        )

    def connect_native(self, number):
        """Connect a native client: the first two use text, the others JSON."""
        client = self.server.connect()
        if number % 2:
            client.ask(f"`login amy {WORD}")
        if number > 1:
            client.ask("`format json")
        return client

    def is_there(self, number):
        """Tell whether an IRC client is connected and registered."""
        return not self.irc[number].client.closed and self.irc[number].state.registered

    # -- acts of IRC clients

    def do(self, number, line, *, label=False):
        """Send a line of an IRC client."""
        self.acts += 1
        observer = self.irc[number]
        if observer.client.closed:
            observer.check_idle()
            self.irc[number] = self.connect_irc(number)
        else:
            observer.send(line, label=label)

    @rule(number=irc_clients, room=rooms, key=st.sampled_from(["", " tea"]), label=st.booleans())
    def join(self, number, room, key, label):
        self.do(number, f"JOIN #{room}{key}", label=label)
        self.look_around(number, room)

    def look_around(self, number, room):
        """Ask for the modes and the members of a room, as most clients do when they join."""
        if number < CURIOUS and self.is_there(number):
            self.irc[number].send(f"MODE #{room}")
            self.irc[number].send(f"WHO #{room}")

    @rule(number=irc_clients, room=st.sampled_from(ROOMS))
    def join_several(self, number, room):
        self.do(number, f"JOIN #tea,#{room}", label=True)
        self.acts += 1  # it is two
        for each in ("tea", room):
            self.look_around(number, each)

    @rule(number=irc_clients, room=rooms, text=texts, label=st.booleans())
    def part(self, number, room, text, label):
        self.do(number, f"PART #{room} :{first_line(text)}", label=label)

    @rule(number=irc_clients, name=names, label=st.booleans())
    def nick(self, number, name, label):
        self.do(number, f"NICK {name}", label=label)

    @rule(number=irc_clients, text=texts)
    def quit(self, number, text):
        self.do(number, f"QUIT :{first_line(text)}")

    @rule(number=st.sampled_from([0, 1, 2, 4]))
    def lose(self, number):
        self.acts += 1
        self.irc[number].client.lose()

    @rule(number=irc_clients, room=rooms, other=st.integers(0, 15), text=texts, label=st.booleans())
    def kick(self, number, room, other, text, label):
        self.do(number, f"KICK #{room} {self.member(room, other)} :{first_line(text)}", label=label)

    @rule(
        number=irc_clients, room=rooms, other=st.integers(0, 15), mode=st.sampled_from(MODES),
        label=st.booleans(),
    )  # fmt: skip
    def mode(self, number, room, other, mode, label):
        mode = mode.format(self.member(room, other))
        self.do(number, f"MODE #{room} {mode}", label=label)

    @rule(number=irc_clients, room=rooms, text=texts, label=st.booleans())
    def topic(self, number, room, text, label):
        self.do(number, f"TOPIC #{room} :{first_line(text)}", label=label)

    @rule(number=irc_clients, text=texts, label=st.booleans())
    def away(self, number, text, label):
        self.do(number, f"AWAY :{first_line(text)}", label=label)

    @rule(number=irc_clients, text=texts, label=st.booleans())
    def setname(self, number, text, label):
        self.do(number, f"SETNAME :{first_line(text)}", label=label)

    @rule(
        number=irc_clients, room=rooms, other=st.integers(0, 15), text=texts, label=st.booleans(),
        command=st.sampled_from(["PRIVMSG", "NOTICE"]),
    )  # fmt: skip
    def talk(self, number, room, other, text, label, command):
        self.do(
            number, f"{command} #{room},{self.member(room, other)} :{first_line(text)}", label=label
        )

    @rule(number=irc_clients, room=rooms, label=st.booleans())
    def typing(self, number, room, label):
        if "message-tags" in CAPABILITIES[number]:
            self.do(number, f"@+typing=active;+draft/reply=a\\:b TAGMSG #{room}", label=label)

    @rule(number=irc_clients, room=rooms, text=texts, label=st.booleans())
    def talk_in_lines(self, number, room, text, label):
        if "draft/multiline" in CAPABILITIES[number]:
            self.do(number, f"BATCH +1 draft/multiline #{room}", label=label)
            for line in text.split("\n"):
                self.irc[number].send(f"@batch=1 PRIVMSG #{room} :{line}")
            self.irc[number].send("@batch=1;draft/multiline-concat PRIVMSG #room :end")
            self.irc[number].send("BATCH -1")

    @rule(number=irc_clients, room=rooms, other=st.integers(0, 15), label=st.booleans())
    def invite(self, number, room, other, label):
        self.do(number, f"INVITE {self.member(room, other)} #{room}", label=label)

    @rule(
        number=irc_clients, label=st.booleans(), room=rooms,
        query=st.sampled_from(
            ["NAMES #{}", "WHO #{}", "WHO *", "WHO #{} %tcuhnfar,5", "WHOIS ann", "LIST",
             "WHOIS amy", "MODE #{}", "MODE #{} b", "TOPIC #{}", "LUSERS", "USERHOST ann amy",
             "ISON ann amy", "CHATHISTORY LATEST #{} * 20", "MARKREAD #{}", "WHOWAS ann",
             "MONITOR + ann,bob", "INVITE", "MOTD", "PING :x y", "NONSENSE", "CAP LIST", "HELP",
             "KICK", "JOIN 0", "REDACT #{} {}/1"]
        ),
    )  # fmt: skip
    def ask(self, number, label, room, query):
        needed = NEEDED.get(query.split()[0])
        if needed is None or needed in CAPABILITIES[number]:
            self.do(number, query.format(room, room), label=label)

    # -- acts of native clients

    def type(self, number, line):
        """Send a command of a native client, typed or in JSON."""
        self.acts += 1
        if self.native[number].closed:
            self.native[number] = self.connect_native(number)
            return
        if number < 2:
            self.native[number].send(line.replace("\n", "\n  "))
            return
        command, _, rest = line[1:].partition(" ")
        fields = {"enter": ("chatroom_id", "chatter_name"), "quit": ("chatroom_id",),
                  "rename": ("new_name",), "away": ("message",), "topic": ("text",),
                  "broadcast": ("chatroom_id", "message"), "op": ("chatter_name",),
                  "voice": ("chatter_name",), "deop": ("chatter_name",),
                  "secret": ("chatter_name", "message"), "kick": ("chatter_name",),
                  "ban": ("chatter_name",)}.get(command, ("value",))  # fmt: skip
        words = rest.split(" ", len(fields) - 1)
        values = {key: word for key, word in zip(fields, words, strict=False) if word}
        self.native[number].send(json.dumps({"command": command, **values}))

    @rule(number=native_clients, room=rooms, name=names)
    def native_join(self, number, room, name):
        self.type(number, f"`enter {room} {name}")

    @rule(number=native_clients, room=rooms, text=st.sampled_from(LONG_TEXTS))
    def native_say(self, number, room, text):
        self.type(number, f"`broadcast {room} {text or 'x'}")

    @rule(
        number=native_clients, other=st.integers(0, 15), room=rooms,
        text=st.sampled_from(LONG_TEXTS),
        line=st.sampled_from(
            ["`quit {room}", "`rename {name}", "`away {text}", "`away", "`topic {text}", "`topic -",
             "`op {name}", "`deop {name}", "`voice {name}", "`kick {name}", "`exit", "`ban {name}",
             "`secret {name} {text}", "`mute {name}", "`invite {name}", "`moderated on"]
        ),
    )  # fmt: skip
    def native_act(self, number, other, room, text, line):
        name = self.member(room, other)
        self.type(number, line.format(name=name, room=room, text=text or "x"))

    @rule(number=native_clients)
    def native_lose(self, number):
        self.acts += 1
        self.native[number].lose()

    # -- acts of the administrator

    @rule(
        name=names, room=rooms, number=st.integers(0, 15),
        line=st.sampled_from(
            ["kick {name} {room}", "kick {nick} {room}", "group {room} {name}", "say {room} hear",
             "group {room} {nick}", "end {room}", "mute {nick} {room}", "unmute {nick} {room}",
             "kill {nick}", "start {room}", "op {nick} {room}"]
        ),
    )  # fmt: skip
    def console(self, name, room, number, line):
        self.acts += 1
        self.server.console(line.format(name=name, room=room, nick=self.member(room, number)))

    # -- checks

    @rule()
    def turn(self):
        """Let all clients read, and compare what they know with the rooms."""
        self.server.turn(0.1)  # who asks for the history waits until it is stored
        for client in self.native:
            client.read()
        for number, observer in enumerate(self.irc):
            lines = observer.read()
            if self.acts == 1:
                told = [(line.source, line.command, *line.params) for line in lines]
                once = [each for each in told if each[1] in ONCE]
                assert len(once) == len(set(once)), once
            observer.check_idle()
            if self.is_there(number):
                self.compare(number)
        self.acts = 0

    @rule()
    def wait(self):
        """Let some time pass."""
        self.turn()
        self.server.turn(1)

    @invariant()
    def read_after_each_act(self):
        """Let all clients read after each act, if the acts are to be alone."""
        if self.acts and self.alone:
            self.turn()

    def compare(self, number):
        """Compare what an IRC client knows with the world."""
        observer = self.irc[number]
        state, world = observer.state, self.server.service.world
        user = world.find_user(observer.nick)
        assert user is not None, observer.nick
        assert user.name == observer.nick
        assert {channel.name for channel in state.channels.values()} == {
            f"#{room.id}" for room in user.rooms
        }
        for room in user.rooms:
            channel = state.channels[state.casefold(f"#{room.id}")]
            known = {
                state.users[key].nickname: rank(member.modes)
                for key, member in channel.users.items()
            }
            members = {each.name: LETTERS[member.role] for each, member in room.members.items()}
            assert known == members
            if channel.topic is not None or room.settings.topic:
                # A line has no room for a long topic if the name before it is long, too.
                assert room.settings.topic.startswith(channel.topic)
                assert channel.topic == room.settings.topic or len(channel.topic.encode()) > 100
            if number < CURIOUS and channel.created is not None:
                # A client that an administrator has moved did not ask.
                assert channel.modes.keys() == set(modes(room.settings))
            for each in room.members:
                self.compare_user(number, each)

    def compare_user(self, number, user):
        """Compare what an IRC client knows of a member of its rooms with the world."""
        state = self.irc[number].state
        seen = state.users[state.casefold(user.name)]
        if seen.hostname is not None:
            account = user.account is not None
            assert seen.hostname == (f"chatd/account/{user.name}" if account else "chatd/guest")
            assert seen.username == f"~{user.profile.username or 'u'}"
        if seen.account is not None:
            assert seen.account == ("" if user.account is None else user.name)
        if seen.realname is not None and "setname" in CAPABILITIES[number]:
            assert seen.realname == (user.profile.about or user.name)
        is_known = number < CURIOUS and seen.realname is not None
        if is_known and user.name != state.nickname:  # who is told of itself by 305 and 306
            assert (seen.away is None) == (user.away is None)

    def teardown(self):
        """Compare everything at the end."""
        self.acts = 2
        self.turn()


def rank(modes):
    """Return the letter of the highest of some prefixes."""
    return next((letter for letter in "qov" if letter in modes), "")


def modes(settings):
    """Yield the letters of the modes that a room with some settings has."""
    yield "n"
    if settings.invite_only:
        yield "i"
    if settings.unlisted:
        yield "s"
    if settings.moderated:
        yield "m"
    if not settings.open_topic:
        yield "t"
    if settings.key:
        yield "k"
    if settings.limit:
        yield "l"


def first_line(text):
    """Return the first line of a text."""
    return text.partition("\n")[0]


TestIrcMachine = IrcMachine.TestCase
TestIrcMachine.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
