"""The console's `top`, and what `who` and `stats` tell of connections that are throttled."""

from chatd.server.usage import SNAPSHOT_SECONDS
from chatd.testing import MemoryServer


def test_top():
    """The sessions that sent most come first; one that sent nothing for a minute is left out."""
    server = MemoryServer()
    assert server.console("top") == ["Administrator: Nobody has sent anything in the last minute."]
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    server.join("1", "Cid")
    for _ in range(8):
        server.turn(SNAPSHOT_SECONDS)
    ann.send("x" * 500)
    bob.send("a", "b")
    assert server.console("top") == [
        "('127.0.0.1', 50002) name=Bob messages=2 bytes=4 throttled=0.0s",
        "('127.0.0.1', 50001) name=Ann messages=1 bytes=501 throttled=0.0s",
    ]
    assert server.answer("top").data[1] == {
        "address": "127.0.0.1",
        "port": 50001,
        "name": "Ann",
        "messages": 1,
        "bytes": 501,
        "throttled_seconds": 0,
    }


def test_top_has_an_end():
    """At most 20 sessions are listed."""
    server = MemoryServer()
    for n in range(25):
        server.join("1", f"Ann{n}")
    assert len(server.console("top")) == 20


def test_throttled_connections_are_shown():
    """`who`, `top` and `stats` tell for how long a flooding session has had to wait."""
    server = MemoryServer(rate=2, burst=5)
    ann = server.join("1", "Ann")
    ann.send(*["hi"] * 30)
    server.turn(0.5)
    server.turn(0.5)
    assert server.console("who")[0].endswith(" idle=0s throttled=1.0s")
    assert server.console("top")[0].endswith(" throttled=1.0s")
    throttled = next(line for line in server.console("stats") if line.startswith("throttled"))
    assert throttled.startswith("throttled: 1 connection now, ")
    assert throttled.endswith(" waits, 1.0 s in all")
    data = server.answer("stats").data
    assert (data["throttled_connections"], data["throttled_seconds"]) == (1, 1.0)
    assert server.answer("who").data[0]["throttled_seconds"] == 1.0
