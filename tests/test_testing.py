"""The test doubles that other tests rely on."""

import pytest

from chatd.testing import MemoryServer


def test_options_reach_the_config():
    """An option is found in the config, the room policy or the limits, by its name."""
    server = MemoryServer(max_rooms=7, require_login=True, burst=3)
    config = server.service.config
    assert (config.max_rooms, config.rules.require_login) == (7, True)
    assert (config.limits.burst, config.limits.rate) == (3, 0)


def test_an_unknown_option():
    """A misspelled option is an error."""
    with pytest.raises(TypeError, match="max_room"):
        MemoryServer(max_room=7)


def test_clients_talk_to_each_other():
    """A frame that one client sends is read by the other, in the framing of each."""
    server = MemoryServer()
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob", end=b"\n")
    assert ann.read() == ["Bob: joined us @chatroom 1."]
    ann.send("hello", "again")
    assert bob.read() == ["Ann: hello", "Ann: again"]
    assert ann.ask("`quit") == ["Server: You quitted from chatroom 1@1"]
    bob.lose()
    assert bob.closed
    assert not ann.closed


def test_the_console():
    """A command returns the lines that the console prints."""
    assert MemoryServer().console("start 1 tea") == ["Administrator: Chatroom 1 started!"]
