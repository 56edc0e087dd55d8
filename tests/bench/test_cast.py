"""Who takes part in the long run understands what he is told."""

import asyncio
import json

from bench.soaks.cast import Talker
from bench.soaks.ledger import Ledger


class Wire(asyncio.Transport):
    """A connection to a server that is played by the test."""

    def __init__(self):
        super().__init__({"sockname": ("127.0.0.1", 50000)})
        self.tags = []

    def write(self, data):
        self.tags += [json.loads(frame).get("tag") for frame in data.split(b"\0") if b"{" in frame]


def test_what_is_said_while_he_is_out_is_not_missing(monkeypatch):
    """Whoever was kicked goes on behind what his answer tells, also if both come in one read."""

    async def kicked():
        ledger, wire = Ledger(), Wire()

        async def connect(_, client):
            client.connection_made(wire)
            return client

        monkeypatch.setattr("bench.soaks.cast.connect", connect)
        talker = Talker(ledger, "Ann", "1")

        def tells(*events):
            frames = (json.dumps({"room": "1", **event}) for event in events)
            talker.client.data_received("".join(f"{frame}\0" for frame in frames).encode())

        async def rejoins(last, *then):
            number = len(wire.tags)
            while len(wire.tags) == number:
                await asyncio.sleep(0)
            tells({"event": "reply", "command": "join", "tag": wire.tags[-1], "last": last}, *then)

        begun = asyncio.create_task(talker.begin(0))
        await asyncio.sleep(0)
        tells({"event": "reply", "command": "format"})
        await rejoins(0)
        await begun
        tells({"event": "said", "id": 1, "from": "Bob", "text": "#1"})
        tells({"event": "left", "who": "Ann"})
        await rejoins(3, {"event": "said", "id": 4, "from": "Bob", "text": "#4"})
        talker.look()
        assert ledger.faults == []

    asyncio.run(kicked())
