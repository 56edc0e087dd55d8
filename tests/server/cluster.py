"""Several servers with clients that use JSON, for tests of whole servers."""

import json

from chatd.core.errors import StoreUnavailableError
from chatd.storage.factory import create_database
from chatd.storage.testing import inline_store
from chatd.testing_cluster import MemoryCluster

WORD = "staple-battery"
OPTIONS = {"rooms": (("1", "tea"), ("2", "food")), "rooms_per_client": 2}


class PostgresqlCluster(MemoryCluster):
    """Servers that share a schema of PostgreSQL instead of a store in memory."""

    def __init__(self, url, size=2, **options):
        self._url = url
        super().__init__(size, **options)
        self.store = inline_store(create_database(url))

    def close(self):
        """Close all connections to the database."""
        for node in self.servers:
            self.stores[node].crash()
        self.store._database.close()

    def make_store(self):
        store = inline_store(create_database(self._url))

        async def fail(*_, **__):
            raise StoreUnavailableError("the server is dead")

        def crash():
            store._database.close()
            store.append = store.take_over = store.history = fail

        store.crash = crash
        return store


def connect_json(server):
    """Return a client that uses JSON, and its resume token."""
    client = server.connect()
    return client, json.loads(client.ask("`format json")[0])["session"]


def ask(client, command, **arguments):
    """Send a request in JSON; return the last event that comes."""
    return json.loads(client.ask(json.dumps({"command": command, **arguments}))[-1])


def console(server, line):
    """Run a command of the administrator; return the lines that the console prints."""
    lines = server.console(line)
    server.turn()
    return lines


def read(client, *names):
    """Return the values of these fields of all events that a client reads, but for receipts."""
    events = [json.loads(frame) for frame in client.read()]
    return [
        tuple(event.get(name) for name in names) for event in events if event["event"] != "stored"
    ]
