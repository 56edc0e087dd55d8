"""The user's own messages after a lost connection: stored, in doubt or lost."""

from chatd.client.model.rejoin import TAG
from chatd.core.events import Message
from chatd.protocol.received import Error, History, Ok, Receipt
from tests.client.model.replies import HEADING, MISSED, asked, backfill, bob, join, resumed, sort


def test_stored(frontend):
    """A message of the user that is stored is not shown as missed."""
    frontend.typed("hi")
    assert frontend.handle(Receipt("1", 6, "1")) == []
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_not_stored(frontend):
    """A message that could not be stored is reported once."""
    frontend.typed("hi")
    data = {"room": "1", "id": 6}
    error = Error("say", "not-stored", "Your message could not be stored.", "1", data)
    assert sort(frontend.handle(error))[0] == ["Server: Your message could not be stored."]
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_in_doubt(frontend):
    """A sent message found in the history is not shown; one not found is reported once."""
    for line in ("one", "`broadcast 1 two", "thr\nee", ""):
        frontend.typed(line)
    frontend.handle(bob(8))
    assert sort(frontend.disconnected(reconnecting=True))[0] == ["Connection lost."]
    frontend.connected("token 2")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=8, tag=TAG)))
    assert history == asked(since=5)
    own = (Message("1", 6, "Alice", "one", 0.0), Message("1", 7, "Alice", "two", 0.0))
    page = History("1", (*own, bob(8)), MISSED)
    assert sort(frontend.handle(page))[0] == ["Perhaps not delivered: thr\n  ee"]
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 3")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=8, tag=TAG)))[0] == ["Server: You join"]


def test_equal_messages(frontend):
    """A message is not taken for an equal one before or after it."""
    frontend.typed("hi")
    frontend.handle(Receipt("1", 6, "1"))
    frontend.typed("hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.typed("hi")
    later = (bob(7), Message("1", 8, "Alice", "hi", 0.0))
    lines, _ = sort(frontend.handle(History("1", later, MISSED)))
    assert lines == [HEADING, *backfill(7), "Perhaps not delivered: hi"]


def test_refused_messages_are_not_in_doubt(frontend):
    """A message that the server refused is not in doubt."""
    frontend.typed("hi")
    frontend.typed("x" * 20_000)
    frontend.handle(Error("say", "in-no-room", "Join a room first!", "1"))
    frontend.handle(Error(None, "too-long", "Message too long."))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=5, tag=TAG)))[0] == ["Server: You join"]


def test_a_message_that_is_too_long_is_known_by_its_tag(frontend):
    """The longest message stays in doubt if the server refused another one."""
    frontend.typed("a shorter one")
    frontend.typed("the longest of both")
    frontend.handle(Error("say", "too-long", "Message too long.", "1"))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    lines, _ = sort(frontend.handle(join(last=5, tag=TAG)))
    assert lines == ["Server: You join", "Perhaps not delivered: the longest of both"]


def test_message_of_another_user_with_the_name(away):
    """A message that another user sent under the same name is shown."""
    away.handle(join(last=7, tag=TAG))
    page = History("1", (Message("1", 7, "Alice", "ha", 0.0),), MISSED)
    assert sort(away.handle(page))[0] == [HEADING, "[1970-01-01 00:00:00] Alice: ha"]


def test_equal_messages_in_two_rooms(frontend):
    """Of equal messages in doubt each is found in its own room."""
    frontend.handle(join("2", last=1))
    frontend.typed("`broadcast 2 hi")
    frontend.handle(bob(3, "2"))
    frontend.typed("`broadcast 1 hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=6, tag=TAG))
    assert sort(frontend.handle(History("1", (Message("1", 6, "Alice", "hi", 0.0),), MISSED))) == (
        [],
        [],
    )
    frontend.handle(join("2", last=3, tag=TAG))
    there = (Message("2", 2, "Alice", "hi", 0.0), bob(3, "2"))
    assert sort(frontend.handle(History("2", there, "missed:2")))[0] == []


def test_said_while_catching_up(frontend):
    """A message sent before the history arrives is not taken for an older equal one."""
    frontend.typed("hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.typed("hi")
    own = Message("1", 7, "Alice", "hi", 0.0)
    frontend.handle(History("1", (bob(6), own), MISSED))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 3")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=8, tag=TAG)))
    assert history == asked(since=7)
    assert (
        sort(frontend.handle(History("1", (Message("1", 8, "Alice", "hi", 0.0),), MISSED)))[0] == []
    )


def test_private_message_in_doubt(frontend):
    """A private message in doubt is reported, and not looked for in a room."""
    for line in ("`secret Bob one", "`secret Bob two", "`secret Nobody three"):
        frontend.typed(line)
    frontend.handle(Ok("secret", "Secret sent to Bob.", "1", {"name": "Bob"}))
    frontend.handle(Error("secret", "no-such-chatter", "Nobody does not exist!", "3"))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=6, tag=TAG)))
    assert history == asked(since=5)
    page = History("1", (Message("1", 6, "Alice", "two", 0.0),), MISSED)
    lines, _ = sort(frontend.handle(page))
    two = "[1970-01-01 00:00:00] Alice: two"
    assert lines == [HEADING, two, "Perhaps not delivered: two"]
