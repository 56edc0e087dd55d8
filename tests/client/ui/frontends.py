"""Values and helpers for tests of command mode and guided mode."""

from chatd.client.ui.frontend import Line
from chatd.protocol.json_decoder import decode_event
from chatd.protocol.json_encoder import encode
from chatd.protocol.received import Ok

TIME = 1795186288.0  # 14:51:28
MENU = ["Press 1 to register", "Press 2 to login"]
ROOM_PROMPT = "Join a Chat Room or Create New: "
PASSWORD = "correct horse"


def join(frontend, *rooms, name="Alice"):
    """Let Alice join rooms; return the frontend."""
    for room in rooms:
        frontend.handle(
            Ok("join", f"You join @chatroom {room}", None, {"room": room, "name": name, "last": 0})
        )
    return frontend


def server_reply(result):
    """Return the reply that the client reads for a result of the server."""
    (frame,) = encode(result)
    return decode_event(frame)


def texts(effects):
    """Return the texts of lines; there are no other actions."""
    assert all(isinstance(effect, Line) for effect in effects)
    return [effect.text for effect in effects]


def read_store(harness, server):
    """Let the server read its store; return the lines shown meanwhile."""
    lines = harness.read()
    for _ in range(5):
        server.turn(0.005)
        lines += harness.read()
    return lines
