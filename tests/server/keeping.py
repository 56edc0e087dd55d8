"""An account bob, private messages that are kept for it, and the sessions that they come to."""

import json

from chatd.storage.testing import result

WORD = "staple-battery"
KEPT = ["Server: bob is not here; your secret will be delivered."]


def register(server, name="bob"):
    """Register an account, whose user leaves again."""
    client = server.connect()
    client.ask(f"`register {name} {WORD}")
    client.lose()


def log_in(server, name="bob"):
    """Return a session of an account, and what it reads after the reply to its login."""
    client = server.connect()
    reply, *rest = client.ask(f"`login {name} {WORD}")
    assert reply == f"Server: Welcome back, {name}."
    return client, rest


def connect_json(server):
    """Return a client that uses JSON, and its resume token."""
    client = server.connect()
    return client, json.loads(client.ask("`format json")[0])["session"]


def ask(client, command, **arguments):
    """Send a request in JSON; return the events that come back."""
    request = json.dumps({"command": command, **arguments})
    return [json.loads(frame) for frame in client.ask(request)]


def kept(server, name="bob"):
    """Return the texts of the messages that the store keeps for an account."""
    account = server.service.world.find_account(name)
    return [each.text for each in result(server.service.store.kept_messages(account.id))]
