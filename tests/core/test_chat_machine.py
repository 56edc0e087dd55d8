"""The rooms as a state machine: after any steps, the server is in the state of a simple model."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from chatd.testing import MemoryServer

ROOMS = st.sampled_from(["1", "2", "3"])
NAMES = st.sampled_from(["Ann", "Bob", "Cid"])


class Rooms(RuleBasedStateMachine):
    """Clients, an administrator, and a model of the members of each room."""

    clients = Bundle("clients")

    def __init__(self):
        super().__init__()
        self.server = MemoryServer()
        self.rooms = {}
        self.names = {}
        self.said = dict.fromkeys(("1", "2", "3"), 0)

    @rule(target=clients)
    def connect(self):
        """Connect a client."""
        client = self.server.connect()
        client.send("")
        client.read()
        return client

    @rule(client=consumes(clients))
    def lose(self, client):
        """End the connection of a client."""
        self.forget(client)
        client.lose()
        self.names.pop(client, None)

    @rule(client=clients, room=ROOMS, name=NAMES)
    def join(self, client, room, name):
        """Join a room, or be refused."""
        self.everybody_reads()
        (answer,) = client.ask(f"`join {room} {name}")
        if room not in self.rooms:
            expected = f"Chatroom {room} NOT exist!"
        elif (current := self.room_of(client)) is not None:
            expected = f"You must quit your current chatroom {current} first."
        elif name in self.names.values() and self.names.get(client) != name:
            expected = f"Name {name} is already in use!"
        else:
            self.names[client] = name
            self.expect((room, f"{name}: joined us @chatroom {room}.", client))
            self.rooms[room].append(client)
            expected = f"You join @chatroom {room}"
        assert answer == f"Server: {expected}"

    @rule(client=clients)
    def quit(self, client):
        """Quit the room, or be in none."""
        self.everybody_reads()
        (answer,) = client.ask("`quit")
        room = self.forget(client)
        if room is None:
            assert answer == "Server: Join a room first!"
        else:
            assert answer == f"Server: You quitted from chatroom room@{room}"
            self.expect((room, f"Server: {self.names[client]} quitted.", client))

    @rule(client=clients)
    def say(self, client):
        """Say something."""
        self.everybody_reads()
        answers = client.ask("hello")
        room = self.room_of(client)
        if room is None:
            assert answers == ["Server: Join a room first!"]
        else:
            self.said[room] += 1
            assert answers == []
            self.expect((room, f"{self.names[client]}: hello", client))

    @rule(room=ROOMS)
    def start(self, room):
        """Let the administrator start a room."""
        known = room in self.rooms
        self.rooms.setdefault(room, [])
        (answer,) = self.server.console(f"start {room} room")
        assert answer == f"Administrator: Chatroom {room} {'exists' if known else 'started'}!"

    @rule(room=ROOMS)
    def end(self, room):
        """Let the administrator end a room."""
        self.everybody_reads()
        (answer,) = self.server.console(f"end {room}")
        if room in self.rooms:
            assert answer == f"Administrator: chatroom {room} closed."
            text = "Administrator: chatroom is being closed by the Administrator."
            self.expect((room, text, None))
            del self.rooms[room]
        else:
            assert answer == f"Administrator: Chatroom {room} NOT exist!"

    @rule(room=ROOMS, name=NAMES)
    def kick(self, room, name):
        """Let the administrator kick a user."""
        self.everybody_reads()
        (answer,) = self.server.console(f"kick {name} {room}")
        client = self.named(name)
        if client is None or self.room_of(client) != room:
            assert answer == f"Administrator: Chatter {name} NOT found in chatroom {room}!"
        else:
            assert answer == f"Administrator: {name} was kicked from chatroom {room}."
            self.forget(client)
            text = f"Server: You were kicked out from chatroom room@{room} by the Administrator!"
            assert client.read() == [text]
            self.expect((room, f"Administrator: {name} was kicked out.", client))

    @rule(room=ROOMS, name=NAMES)
    def group(self, room, name):
        """Let the administrator move a user."""
        self.everybody_reads()
        (answer,) = self.server.console(f"group {room} {name}")
        client = self.named(name)
        if room not in self.rooms:
            assert answer == f"Administrator: Chatroom {room} NOT exist!"
        elif client is None:
            assert answer == f"Administrator: Chatter {name} NOT found!"
        else:
            assert answer == f"Administrator: {name} was grouped into chatroom {room}."
            if self.room_of(client) != room:
                left = self.forget(client)
                text = f"Server: You were grouped into chatroom room@{room} by the Administrator."
                assert client.read() == [text]
                quitted = (left, f"Server: {name} quitted.", client)
                joined = (room, f"{name}: joined us @chatroom {room}.", client)
                self.expect(quitted, joined)
                self.rooms[room].append(client)

    @invariant()
    def the_list_is_the_models(self):
        """Rooms and members are those of the model, in order."""
        rooms = {
            room.id: [member.name for member in room.members]
            for room in self.server.service.chat.rooms()
        }
        model = {
            room: [self.names[client] for client in members] for room, members in self.rooms.items()
        }
        assert rooms == model
        assert list(rooms) == list(model)

    @invariant()
    def the_counts_are_the_models(self):
        """Check that the ids of a room continue, however often it was closed."""
        for room in self.server.service.chat.rooms():
            assert room.last_id == self.said[room.id]

    def named(self, name):
        """Return the client with that name."""
        return next((client for client, other in self.names.items() if other == name), None)

    def room_of(self, client):
        """Return the room of a client."""
        return next((room for room, members in self.rooms.items() if client in members), None)

    def forget(self, client):
        """Remove a client from its room; return that room."""
        room = self.room_of(client)
        if room is not None:
            self.rooms[room].remove(client)
        return room

    def everybody_reads(self):
        """Read what has come so far."""
        for client in self.names:
            client.read()

    def expect(self, *told):
        """Check that clients read of their room what is `told` (room, text, sender) alone."""
        for client in self.names:
            room = self.room_of(client)
            lines = [
                text
                for where, text, actor in told
                if where == room is not None and client is not actor
            ]
            assert client.read() == lines


Rooms.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestRooms = Rooms.TestCase
