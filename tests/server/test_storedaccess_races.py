"""Access lists under random acts of several users: in the end the store has what the world has."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.core.errors import StoreUnavailableError
from chatd.storage.testing import result
from tests.server.access import AccessHarness

NAMES = ("owen", "oscar", "amy", "Bob", "Rob", "Cid")
COMMANDS = (
    *("`op {}", "`deop {}", "`voice {}", "`devoice {}", "`kick {}", "`mute {}", "`mute {} 5"),
    *("`unmute {}", "`ban {}", "`ban {} 5", "`unban {}", "`invite {}", "`topic {}", "`key {}"),
    *("`private on", "`private off", "`moderated on", "`limit 3", "`limit off"),
    *("`join tea", "`join tea", "`join tea {}", "`quit", "`rename {}", "`rename {}"),
)
CONSOLE = (
    *("kick {} tea", "mute {} tea", "unmute {} tea", "op {} tea", "deop {} tea", "group tea {}"),
    *("end tea", "start tea tea", "start tea tea"),
)


class Races:
    """A server, its users, and a store that lets calls through in turn."""

    def __init__(self, seed):
        self.harness = AccessHarness()
        self.random = Random(seed)
        self.harness.gate.shut = True
        self.steps = [*[self.command] * 6, self.console, *[self.store] * 4, self.come_back]

    def step(self):
        """Let something happen."""
        self.random.choice(self.steps)()

    def clients(self):
        """Return the clients that are connected."""
        harness = self.harness
        all_clients = (harness.owen, harness.oscar, harness.amy, harness.bob)
        return [client for client in all_clients if not client.closed]

    def command(self):
        """Let a user send a command."""
        typed = self.random.choice(COMMANDS).format(self.random.choice(NAMES))
        self.random.choice(self.clients()).send(typed)

    def console(self):
        """Let the administrator act."""
        self.harness.server.console(self.random.choice(CONSOLE).format(self.random.choice(NAMES)))

    def store(self):
        """Let the oldest call of the store through, or fail."""
        waiting = self.harness.gate.waiting
        if waiting and self.random.random() < 0.1:
            waiting.pop(0).errback(StoreUnavailableError())
        elif waiting:
            self.harness.gate.let_through(1)
        self.harness.read()

    def come_back(self):
        """Let the guest lose the connection, and another one come."""
        self.harness.bob.lose()
        self.harness.bob = self.harness.server.join("food", self.random.choice(["Bob", "Cid"]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_races(seed):
    """In whatever order calls wait: in the end the store and the world agree."""
    races = Races(seed)
    for _ in range(80):
        races.step()
    races.harness.gate.drain()
    result(races.harness.server.service.stored_access.purge(0.0))
    if races.harness.room is not None:
        assert races.harness.agree()
