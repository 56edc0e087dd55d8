"""The settings of rooms, as handlers call the service."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import RoomSettings
from chatd.core.roomsettings import MAX_KEY
from chatd.core.world.settings_rules import SETTINGS
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import result
from chatd.testing import MemoryServer

NOW = 1000.0


class SettingsHarness:
    """A server with the room `tea`, whose operator Ann is in it, as is Bob."""

    def __init__(self):
        self.store = MemoryStore()
        self.server = MemoryServer(store=self.store)
        self.ann, self.bob = self.server.join("tea", "Ann"), self.server.join("tea", "Bob")
        self.ann.read()

    @property
    def room(self):
        """The room."""
        return self.server.service.world.rooms.by_key("tea")

    @property
    def stored(self):
        """The settings in the store."""
        return self.store._rooms["tea"].settings

    def call(self, method, *arguments, client=None):
        """Call the service for a client; return the code and parameters of a refusal, or None."""
        origin = (client or self.ann).protocol._session
        service = self.server.service.room_settings
        try:
            result(getattr(service, method)(origin, self.room, *arguments, NOW))
        except ChatError as error:
            return error.code, error.params
        return None


@pytest.fixture
def harness():
    """Return a harness."""
    return SettingsHarness()


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("About tea", "About tea"),
        ("  two\nlines ", "two lines"),
        ("Ann:\nServer: fake", "Ann: Server: fake"),
        (" \n ", ""),
        ("", ""),
    ],
)
def test_a_topic_has_one_line(harness, text, topic):
    """It is kept with its author and time, in the world and in the store."""
    assert harness.call("set_topic", text) is None
    expected = RoomSettings(topic, "Ann", NOW) if topic else RoomSettings()
    assert harness.room.settings == harness.stored == expected
    words = f"set the topic: {topic}" if topic else "removed the topic."
    assert harness.bob.read() == [f"Server: Ann {words}"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting(harness, name):
    """It is in the world and in the store; the rest is as it was."""
    value = {"key": "sesame", "limit": 7}.get(name, True)
    harness.call("set_topic", "Tea")
    assert harness.call("set", name, value) is None
    expected = dict.fromkeys(SETTINGS[name], value)
    assert harness.stored == harness.room.settings
    assert harness.stored == RoomSettings("Tea", "Ann", NOW, **expected)


@pytest.mark.parametrize("key", ["sesame", "OFF", "x" * MAX_KEY, "-x", "ключ", "a:b", "`key", ""])
def test_keys(harness, key):
    """A key is one word, with a limit; "" is none."""
    assert harness.call("set", "key", key) is None
    assert harness.stored.key == key


@pytest.mark.parametrize(
    "key",
    [
        *("-", "off", "x" * (MAX_KEY + 1), "two words", " blank", "blank ", " ", "\n", "tab\t"),
        "wide\u3000blank",
    ],
)
def test_texts_that_are_no_key(harness, key):
    """Nobody could type them on joining."""
    assert harness.call("set", "key", key) == (ErrorCode.BAD_KEY, {"limit": MAX_KEY})
    assert (harness.stored.key, harness.bob.read()) == ("", [])


@pytest.mark.parametrize("name", SETTINGS)
def test_a_refusal(harness, name):
    """The store is not asked."""
    value = {"key": "sesame", "limit": 7}.get(name, True)
    refused = (ErrorCode.NOT_OPERATOR, {"room": "tea", "room_name": "tea"})
    assert harness.call("set", name, value, client=harness.bob) == refused
    assert harness.call("set_topic", "Tea", client=harness.bob) == refused
    assert harness.stored == harness.room.settings == RoomSettings()
