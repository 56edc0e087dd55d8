"""A server with a room in which there are users of several roles, over a store with gates."""

from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore

WORD = "staple-battery"
GUEST = "203.0.113.9"


class AccessHarness:
    """A server with the room `tea` of the account `owen`; `oscar` is an operator, Bob a guest."""

    def __init__(self):
        self.store = SlowStore()
        self.gate = self.store.access_gate
        self.server = MemoryServer(store=self.store, rooms_per_client=2)
        self.owen, self.oscar, self.amy = map(self.register, ("owen", "oscar", "amy"))
        self.bob = self.server.join("tea", "Bob", host=GUEST)
        self.owen.ask("`op oscar")
        self.read()

    def register(self, name):
        """Return a client of a new account in the room."""
        client = self.server.connect()
        client.ask(f"`register {name} {WORD}")
        client.ask("`enter tea")
        return client

    def read(self):
        """Let all clients read what has come."""
        for client in (self.owen, self.oscar, self.amy, self.bob):
            client.read()

    @property
    def moderation(self):
        """The service that changes access lists."""
        return self.server.service.room_moderation

    @property
    def room(self):
        """The room in the world."""
        return self.server.service.world.rooms.by_key("tea")

    def stored(self):
        """Return the record of the room, as the store has it."""
        return next(room.record() for room in self.store._rooms if room.id == "tea")

    def entries(self):
        """Return the kinds and names in the access list of the store, without the operator."""
        found = [(entry.kind.value, entry.name) for entry in self.stored().access]
        return [each for each in found if each != ("operator", "oscar")]

    def agree(self):
        """Tell whether a server that starts now has what the world has."""
        again = MemoryServer(store=self.store).service.world.rooms.by_key("tea")

        def picture(room):
            # The store has one entry for several guests who were restricted under one name.
            restricted = {each.entry.subject for each in (*room.bans, *room.mutes)}
            return room.settings, room.roles, restricted

        return picture(again) == picture(self.room)
