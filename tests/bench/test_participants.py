"""The clients of the long run."""

import asyncio
import json

from bench.soaks.delivery_record import DeliveryRecord
from bench.soaks.participants import Talker


class RecordingTransport(asyncio.Transport):
    """A transport to a server that the test plays; `tags` are those of the requests sent."""

    def __init__(self):
        super().__init__({"sockname": ("127.0.0.1", 50000)})
        self.tags = []

    def write(self, data):
        self.tags += [json.loads(frame).get("tag") for frame in data.split(b"\0") if b"{" in frame]


def test_a_kicked_talker_misses_nothing(monkeypatch):
    """A talker that joins again expects no message from before its reply.

    That holds although the reply and the next message come in one read.
    """

    async def scenario():
        record, transport = DeliveryRecord(), RecordingTransport()

        async def connect(_, client):
            client.connection_made(transport)
            return client

        monkeypatch.setattr("bench.soaks.participants.connect", connect)
        talker = Talker(record, "Ann", "1")

        def receive(*events):
            frames = (json.dumps({"room": "1", **event}) for event in events)
            talker.client.data_received("".join(f"{frame}\0" for frame in frames).encode())

        async def reply_to_join(last, *then):
            number = len(transport.tags)
            while len(transport.tags) == number:
                await asyncio.sleep(0)
            receive(
                {"event": "reply", "command": "join", "tag": transport.tags[-1], "last": last},
                *then,
            )

        beginning = asyncio.create_task(talker.begin(0))
        await asyncio.sleep(0)
        receive({"event": "reply", "command": "format"})
        await reply_to_join(0)
        await beginning
        receive({"event": "said", "id": 1, "from": "Bob", "text": "#1"})
        receive({"event": "left", "who": "Ann"})
        await reply_to_join(3, {"event": "said", "id": 4, "from": "Bob", "text": "#4"})
        talker.check()
        assert record.errors == []

    asyncio.run(scenario())
