"""Reconnecting to a server that works step by step: each message is shown exactly once."""

import re
from collections import Counter, deque
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.client.model.effects import Send
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.frontend import Line
from chatd.core.events import Message
from chatd.protocol.received import Error, History, Ok, Receipt

ROOMS = ("1", "2")
PAGE = 3  # a server may give less than it is asked for


class Connection:
    """A connection of the client, and all that is under way on it."""

    def __init__(self, token):
        self.token = token
        self.rooms = []
        self.current = None
        self.requests = deque()
        self.events = deque()


class Server:
    """A server that works when it is told to; Alice has one connection at a time."""

    def __init__(self):
        self.said = {room: [] for room in ROOMS}
        self.pending = []
        self.store_away = False
        self.good_token = None
        self.alice = Connection("token 0")
        self.own_said = Counter()

    def say(self, room, sender, text, tag=None):
        """Let a user say something."""
        said = Message(room, len(self.said[room]) + 1, sender, text, 0.0)
        self.said[room].append(said)
        if sender == "Alice":
            self.pending.append((self.alice, Receipt(room, said.id, tag)))
            self.own_said[text] += 1
        elif room in self.alice.rooms:
            self.alice.events.append(said)

    def store(self):
        """Store all messages, and send the receipts."""
        for connection, stored in self.pending:
            connection.events.append(stored)
        self.pending.clear()

    def work(self):
        """Carry out the next request."""
        if self.alice.requests:
            request = self.alice.requests.popleft()
            reply = getattr(self, f"_{request.command}")(request)
            if reply is not None:
                self.alice.events.append(reply)

    def _resume(self, request):
        if request.arguments["session"] != self.good_token:
            return Error("resume", "no-such-session", "…", request.tag)
        self.good_token = self.alice.token
        data = {"name": "Alice", "account": None}
        return Ok("resume", "Welcome back, Alice.", request.tag, data)

    def _join(self, request):
        # A client that has resumed its session has its name already.
        assert self.good_token in (None, self.alice.token)
        self.good_token = self.alice.token
        room = self.alice.current = request.arguments["chatroom_id"]
        assert room not in self.alice.rooms
        self.alice.rooms.append(room)
        data = {"room": room, "name": "Alice", "last": len(self.said[room])}
        return Ok("join", "You join", request.tag, data)

    def _switch(self, request):
        room = request.arguments["chatroom_id"]
        if room not in self.alice.rooms:
            return Error("switch", "not-in-room", f"Join chatroom {room} first!", request.tag)
        self.alice.current = room
        return Ok("switch", "You are now", request.tag, {"room": self.alice.current})

    def _say(self, request):
        if self.alice.current is None:
            return Error("say", "in-no-room", "Join a room first!", request.tag)
        self.say(self.alice.current, "Alice", request.arguments["text"], request.tag)
        return None

    def _history(self, request):
        if self.store_away:
            return Error("history", "unavailable", "…", request.tag)
        self.store()
        room, since = request.arguments["chatroom_id"], int(request.arguments["since"])
        return History(room, tuple(self.said[room][since : since + PAGE]), request.tag)


class AccountServer(Server):
    """A server where another session of Alice's account stays in all rooms, and speaks there."""

    def say_elsewhere(self, room, text):
        """Let the other session say something."""
        said = Message(room, len(self.said[room]) + 1, "Alice", text, 0.0)
        self.said[room].append(said)
        if room in self.alice.rooms:
            self.alice.events.append(said)

    def _resume(self, request):
        reply = super()._resume(request)
        if isinstance(reply, Error):
            return reply
        self.alice.rooms, self.alice.current = list(ROOMS), ROOMS[-1]
        data = {"account": "Alice", "rooms": list(ROOMS), "session": self.alice.token}
        return replace(reply, data={**reply.data, **data})


class RejoinModel:
    """A client, its server, and the lines that the client shows."""

    def __init__(self, server):
        self.server = server
        self.frontend = CommandMode()
        self.shown = []
        self.sent, self.bobs = Counter(), 0
        self.up = True
        self.perform(self.frontend.connected("token 0"))
        for room in ROOMS:
            self.server.say(room, "Bob", "before")
            self.type(f"`join {room} Alice")
        self.drain()

    def perform(self, effects):
        """Carry out the actions of the frontend."""
        for effect in effects:
            if isinstance(effect, Send):
                self.server.alice.requests.append(effect.request)
            elif isinstance(effect, Line):
                self.shown.append(effect.text)

    def type(self, line):
        """Type a line."""
        self.perform(self.frontend.typed(line))

    def say(self, text):
        """Let Alice say something."""
        if self.up:
            self.sent[text] += 1
            self.type(text)

    def hear(self, room):
        """Let Bob say something that nobody has said before."""
        self.bobs += 1
        self.server.say(room, "Bob", f"{room}.{self.bobs}")

    def speak(self, room):
        """Let another session of the account say something that nobody has said before."""
        self.bobs += 1
        self.server.say_elsewhere(room, f"{room}.{self.bobs}")

    def receive(self):
        """Bring the next event to the client."""
        events = self.server.alice.events
        if self.up and events:
            self.perform(self.frontend.handle(events.popleft()))

    def lose(self, *, served):
        """Lose the connection; with `served`, all requests reach the server before."""
        if self.up:
            while served and self.server.alice.requests:
                self.server.work()
            self.up = False
            self.perform(self.frontend.disconnected(reconnecting=True))

    def reconnect(self):
        """Connect again."""
        if not self.up:
            self.up = True
            number = int(self.server.alice.token.split()[1]) + 1
            self.server.alice = Connection(f"token {number}")
            self.perform(self.frontend.connected(self.server.alice.token))

    def wait(self):
        """Let time pass."""
        self.perform(self.frontend.retry())

    def drain(self):
        """Let everything arrive, with a connection and a store."""
        self.server.store_away = False
        self.reconnect()
        for _ in range(3):
            self.wait()
            while self.server.alice.requests or self.server.alice.events:
                self.server.work()
                self.receive()
            self.server.store()

    def play(self, step):
        """Do one step."""
        name, *arguments = step
        match name:
            case "work" | "store":
                getattr(self.server, name)()
            case "store away":
                self.server.store_away = not self.server.store_away
            case "lose":
                self.lose(served=arguments[0])
            case _:
                getattr(self, name)(*arguments)


OFTEN = [
    ("work",),
    ("receive",),
    ("work",),
    ("receive",),
    ("hear", "1"),
    ("hear", "2"),
    ("say", "x"),
]
SELDOM = [
    ("say", "y"),
    ("type", "`switch 1"),
    ("store",),
    ("wait",),
    ("lose", True),
    ("lose", False),
]
STEPS = st.sampled_from([*OFTEN * 3, *SELDOM, *[("reconnect",)] * 4])


def lists_of(step):
    """Return lists of steps that are long enough for several losses."""
    return st.lists(step, min_size=40, max_size=120)


def check(model, *, in_order):
    """Check the lines shown against the messages said."""
    shown = [found[1] for line in model.shown if (found := re.search(r": (\d\.\d+)$", line))]
    for room in ROOMS:
        texts = [message.text for message in model.server.said[room] if message.text != "before"]
        said = [text for text in texts if text not in "xy"]
        read = [text for text in shown if text.startswith(room)]
        assert (read if in_order else sorted(read)) == (said if in_order else sorted(said))
    assert not [line for line in model.shown if re.search("Alice: [xy]|Bob: before", line)]
    named = Counter(line[-1] for line in model.shown if line.startswith("Perhaps not delivered: "))
    refused = sum("Join a room first!" in line for line in model.shown)
    unsaid = model.sent - model.server.own_said
    assert not named - unsaid
    assert sum(named.values()) == sum(unsaid.values()) - refused
    assert not model.frontend.is_rejoining
    assert model.frontend.state.rooms == list(ROOMS)
    assert model.frontend.state.current == model.server.alice.current


@settings(max_examples=80, deadline=None)
@given(lists_of(STEPS))
def test_each_message_is_shown_once_and_in_order(steps):
    """In any order of steps each message is shown once, in the order of its room."""
    model = RejoinModel(Server())
    for step in steps:
        model.play(step)
    model.drain()
    check(model, in_order=True)


@settings(max_examples=80, deadline=None)
@given(lists_of(st.one_of(STEPS, STEPS, STEPS, st.just(("store away",)))))
def test_each_message_is_shown_once_without_a_store(steps):
    """While the store is away each message is still shown once, though later."""
    model = RejoinModel(Server())
    for step in steps:
        model.play(step)
    model.drain()
    check(model, in_order=False)


@settings(max_examples=80, deadline=None)
@given(lists_of(st.one_of(STEPS, STEPS, st.sampled_from([("speak", room) for room in ROOMS]))))
def test_each_message_is_shown_once_with_another_session(steps):
    """A client whose account has another session in the rooms reads each message once."""
    model = RejoinModel(AccountServer())
    for step in steps:
        model.play(step)
    model.drain()
    check(model, in_order=True)
