"""Several servers as a state machine: whatever happens, they are one server with one order.

Clients talk to two or three whole servers, over a log whose messages are late, lost and repeated.
Servers are killed in the middle. In the end each client has read what a single server, given the
order of the log, would have told it, and the store has every message once.
"""

import json
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chatd.oplog.testing import Network
from chatd.storage.testing import result
from chatd.testing_cluster import MemoryCluster
from tests.oplog.reference import Reference, events_of, summary

ROOMS = (("1", "tea"), ("2", "food"))
ROOM_IDS = st.sampled_from(["1", "2", "3"])
NAMES = st.sampled_from(["Ann", "Bob", "Cid"])
ACCOUNTS = st.sampled_from(["Ann-a", "Bob-a"])
PASSWORD = "the-password"
OPTIONS = {"rooms": ROOMS, "rooms_per_client": 2, "sessions_per_account": 2}
ACTS = ("op", "deop", "voice", "devoice", "kick", "mute", "unmute", "ban", "unban", "invite")
SETTINGS = (
    *((name, name, value) for name in ("private", "moderated") for value in ("on", "off")),
    *(("key", "key", "sesame"), ("key", "key", "off"), ("limit", "limit", "2")),
    *(("limit", "limit", "off"), ("topic", "text", "Tea"), ("end", None, None)),
)
INDEX = st.integers(0, 5)
MAX_CLIENTS = 6


class Cluster(RuleBasedStateMachine):
    """Clients of several servers; `heard` has all frames that each of them has read."""

    @initialize(size=st.integers(2, 3))
    def begin(self, size):
        """Start the servers; three users are in a room, and two sessions have an account."""
        self.cluster = MemoryCluster(size, **OPTIONS)
        self.clients = []
        self.heard = {}
        self.dead = []
        self.running = list(self.cluster.servers.values())  # with those that are taken for dead
        for index, name in enumerate(["Ann", "Bob", "Cid"]):
            self.connect(index)
            self.ask(index, command="enter", chatroom_id="1", chatter_name=name)
        for index, command in ((3, "register"), (4, "login")):
            self.connect(index)
            self.ask(index, command=command, username="Ann-a", password=PASSWORD)
            self.wait(0)
        self.ask(3, command="enter", chatroom_id="3")
        self.server(0).console("op Ann 1")
        self.listen()

    # -- clients

    @rule(index=INDEX)
    def connect(self, index):
        """Connect a client that uses JSON to one of the servers."""
        self.clients = [client for client in self.clients if not client.closed]
        if len(self.clients) < MAX_CLIENTS:
            client = self.server(index).connect()
            client.send("`format json")
            self.clients.append(client)
            self.heard[client] = []

    @rule(index=INDEX, room=ROOM_IDS, name=NAMES)
    def join(self, index, room, name):
        """Join a room, or create it."""
        self.ask(index, command="enter", chatroom_id=room, chatter_name=name)

    @rule(index=INDEX, texts=st.lists(st.sampled_from("xyz"), min_size=1, max_size=3))
    def say(self, index, texts):
        """Send messages, which arrive together."""
        for text in texts:
            self.ask(index, command="say", text=text)

    @rule(index=INDEX, name=NAMES)
    def rename(self, index, name):
        """Ask for another name."""
        self.ask(index, command="rename", new_name=name)

    @rule(index=INDEX, name=NAMES)
    def whisper(self, index, name):
        """Send a private message."""
        self.ask(index, command="secret", chatter_name=name, message="psst")

    @rule(index=INDEX, command=st.sampled_from(["quit", "logout", "exit", "list"]))
    def leave(self, index, command):
        """Leave a room, an account or the server."""
        self.ask(index, command=command)

    @rule(index=INDEX, command=st.sampled_from(["register", "login"]), name=ACCOUNTS)
    def log_in(self, index, command, name):
        """Register an account or log in to it."""
        self.ask(index, command=command, username=name, password=PASSWORD)

    @rule(
        index=INDEX,
        request=st.sampled_from(
            [
                {"command": "password", "old_password": PASSWORD, "new_password": PASSWORD},
                {"command": "revoke", "number": "all"},
                {"command": "revoke", "number": "1"},
                {"command": "remember"},
                {"command": "away", "message": "lunch"},
                {"command": "away"},
                {"command": "history", "since": 0},
            ]
        ),
    )
    def ask_for_more(self, index, request):
        """Change the password, end other sessions, be away, and the like."""
        self.ask(index, **request)

    @rule(index=INDEX, command=st.sampled_from(ACTS), name=NAMES | ACCOUNTS)
    def act(self, index, command, name):
        """Act on another user in the current room, if the own role allows it."""
        self.ask(index, command=command, chatter_name=name)

    @rule(index=INDEX, setting=st.sampled_from(SETTINGS))
    def change_room(self, index, setting):
        """Change or end the current room, if the own role allows it."""
        command, parameter, value = setting
        self.ask(index, command=command, **({parameter: value} if parameter else {}))

    @rule(index=INDEX, command=st.sampled_from(["ignore", "unignore"]), name=NAMES | ACCOUNTS)
    def ignore(self, index, command, name):
        """Ignore a user, or do so no more."""
        self.ask(index, command=command, chatter_name=name)

    @rule(index=INDEX, token=st.integers(0, 10), kind=st.sampled_from(["session", "token"]))
    def come_back(self, index, token, kind):
        """Resume a session, or log in by a remembered login: with any token that was given."""
        replies = (json.loads(frame) for frames in self.heard.values() for frame in frames if frame)
        tokens = [reply[kind] for reply in replies if kind in reply]
        if tokens:
            command = {"session": "resume", "token": "recall"}[kind]
            self.ask(index, command=command, **{kind: tokens[-1 - token % len(tokens)]})

    @rule(index=INDEX)
    def lose(self, index):
        """Lose a connection."""
        if self.clients:
            self.clients[index % len(self.clients)].lose()

    # -- the administrator

    @rule(
        index=INDEX,
        command=st.sampled_from(
            [
                "kick {name} {room}",
                "group {room} {name}",
                "mute {name} {room}",
                "unmute {name} {room}",
                "op {name} {room}",
                "deop {name} {room}",
                "ban {name}",
                "unban {name}",
                "start {room} x",
                "end {room}",
                "say {room} y",
            ]
        ),
        name=NAMES,
        room=ROOM_IDS,
    )
    def administer(self, index, command, name, room):
        """Let the administrator of a server act."""
        self.server(index).console(command.format(name=name, room=room))

    # -- the network and the servers

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.5, 2.0]))
    def wait(self, seconds):
        """Let time pass."""
        self.cluster.reactor.advance(seconds)
        self.listen()

    @rule(seed=st.integers(0, 10**6))
    def disturb(self, seed):
        """Let messages between servers and the log be late, lost and repeated."""
        # Not Hypothesis' own randomness: it would end an example in the middle of a callback.
        chance = Random(seed)
        self.cluster.log.network = Network(
            delay=lambda _: chance.choice([0.0, 0.0, 0.05, 0.3]),
            is_lost=lambda _: chance.random() < 0.15,
            is_repeated=lambda _: chance.random() < 0.15,
        )

    @rule()
    def heal(self):
        """Let all messages arrive."""
        self.cluster.log.network = Network()

    @precondition(lambda self: len(self.cluster.servers) > 1)
    @rule(index=INDEX, end=st.sampled_from(["kill", "stop", "hang"]))
    def end_server(self, index, end):
        """End a server: as kill -9 does, in order, or by the others, who take it for dead."""
        node = sorted(self.cluster.servers)[index % len(self.cluster.servers)]
        self.dead.append(node)
        if end == "kill":  # the others learn it later
            self.running.remove(self.cluster.kill(node))
        elif end == "stop":
            server = self.cluster.servers.pop(node)
            self.running.remove(server)
            server.service.stopService()
        else:
            del self.cluster.servers[node]
            self.cluster.declare_dead(node)

    @precondition(lambda self: self.dead)
    @rule(index=INDEX)
    def declare_dead(self, index):
        """Let the other servers note that one is dead."""
        self.cluster.declare_dead(self.dead[index % len(self.dead)])

    # -- what holds in the end

    def teardown(self):
        """Let all that is on its way arrive, and compare with the reference."""
        if not hasattr(self, "cluster"):
            return
        self.heal()
        for node in self.dead:  # also those whose end was lost with the server that knew it
            self.cluster.declare_dead(node)
        self.cluster.settle(12)
        self.listen()
        reference = Reference(ROOMS, self.cluster.log.entries)
        for server in self.cluster.servers.values():
            world = server.service.world
            assert summary(world) == summary(reference.world)
            self.check_names(world)
            self.check_store(server, reference)
        self.check_transcripts(reference)

    def check_names(self, world):
        """Check that names are unique, and that members have sessions on living servers."""
        names = [
            user.name.casefold() for user in dict.fromkeys(world.sessions.values()) if user.name
        ]
        assert len(set(names)) == len(names)
        for room in world.rooms:
            for user in room.members:
                assert user.sessions
                assert {key.node for key in user.sessions} <= set(self.cluster.servers)

    def check_store(self, server, reference):
        """Check that the store has each message of the open rooms once, with ids without gaps."""
        for room in server.service.world.rooms:
            read = server.service.store.history(room.id, None, 10**6, 10**9)
            stored = result(read)
            said = reference.said.get(room.key, [])
            assert [(message.id, message.sender, message.text) for message in stored] == said
            ids = [number for number, _, _ in said]
            assert ids == list(range(room.last_id - len(ids) + 1, room.last_id + 1))

    def check_transcripts(self, reference):
        """Check that each client has read what a single server would have told it."""
        texts = {}
        for client, frames in self.heard.items():
            heard = events_of(frames)
            expected = reference.transcripts.get(client.protocol._session.key, [])
            is_present = not client.closed and client._server in self.cluster.servers.values()
            assert heard == (expected if is_present else expected[: len(heard)])
            for event in heard:
                if event["event"] == "said":
                    place = event["room"], event["id"], event["time"]
                    assert texts.setdefault(place, event["text"]) == event["text"]

    # -- helpers

    def server(self, index):
        """Return a server that lives."""
        return self.cluster.servers[sorted(self.cluster.servers)[index % len(self.cluster.servers)]]

    def ask(self, index, **request):
        """Let a client send a request, if there is one."""
        if self.clients:
            client = self.clients[index % len(self.clients)]
            if not client.closed and client._server in self.running:
                client.send(json.dumps(request))

    def listen(self):
        """Let all clients read, but for those of servers that have ended."""
        for client, frames in self.heard.items():
            if client._server in self.running:
                # A server that is taken for dead may refuse to change the format to JSON.
                frames.extend(frame for frame in client.read() if frame.startswith("{"))


Cluster.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCluster = Cluster.TestCase
