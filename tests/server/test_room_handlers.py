"""The commands on roles and settings of rooms: what each user reads of them."""

import pytest

from chatd.core.world.settings_rules import SETTINGS
from chatd.protocol.room_text import ACTS
from chatd.server.room_handlers import HANDLERS
from tests.server.tearoom import TeaRoom


@pytest.fixture
def room():
    """Return the room with its users."""
    return TeaRoom()


def everybody(line):
    """Return that alice, Bob and Cathy read a line."""
    return ([f"Server: {line}"],) * 3


def but_bob(line, words):
    """Return that Bob reads `words`, and the others a line."""
    line, words = [f"Server: {line}"], [f"Server: {words}"]
    return line, words, line


# -- the words of the table


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("`topic About tea", everybody("alice set the topic: About tea")),
        ("`op Bob", but_bob("Bob is now an operator.", "You are now an operator of chatroom {}.")),
        ("`voice bob", but_bob("Bob now has a voice.", "You now have a voice in chatroom {}.")),
        (
            "`kick BOB spam",
            but_bob(
                "Bob was kicked out by alice: spam",
                "You were kicked out from chatroom {} by alice: spam",
            ),
        ),
        (
            "`kick Bob",
            but_bob(
                "Bob was kicked out by alice.",
                "You were kicked out from chatroom {} by alice!",
            ),
        ),
        ("`mute Bob", but_bob("Bob was muted.", "You may not talk in chatroom {}.")),
        ("`mute Bob 5", but_bob("Bob was muted.", "You may not talk in chatroom {}.")),
        ("`ban Bob", but_bob("Bob was banned by alice.", "You are banned from chatroom {}.")),
        (
            "`ban Bob 5 spam, spam",
            but_bob(
                "Bob was banned by alice: spam, spam",
                "You are banned from chatroom {}: spam, spam",
            ),
        ),
        ("`moderated on", everybody("alice turned moderated on.")),
        ("`private on", everybody("alice turned private on.")),
        ("`invite-only on", everybody("alice turned invite-only on.")),
        ("`unlisted on", everybody("alice turned unlisted on.")),
        ("`open-topic on", everybody("alice turned open-topic on.")),
        ("`key sesame", everybody("alice set a key.")),
        ("`limit 5", everybody("alice set the limit to 5.")),
        ("`LIMIT 5", everybody("alice set the limit to 5.")),
        ("`end", (
            [
                "Administrator: chatroom is being closed by the Administrator.",
                "Server: chatroom 1 closed.",
            ],
            *[["Administrator: chatroom is being closed by the Administrator."]] * 2,
        )),
    ],
)  # fmt: skip
def test_everybody_reads_one_line(room, typed, told):
    """The user who acts reads what the room reads; the one whom it concerns is addressed."""
    expected = tuple([line.format("swimming@1") for line in lines] for lines in told)
    assert room.told(typed) == expected


@pytest.mark.parametrize(
    ("typed", "undone", "line", "words"),
    [
        (
            "`op Bob",
            "`deop Bob",
            "Bob has no role any more.",
            "You have no role in chatroom {} any more.",
        ),
        (
            *("`voice Bob", "`devoice Bob", "Bob has no role any more."),
            "You have no role in chatroom {} any more.",
        ),
        ("`mute Bob", "`unmute BOB", "Bob was unmuted.", "You may talk in chatroom {} again."),
    ],
)
def test_what_is_undone(room, typed, undone, line, words):
    """The room and the user are told."""
    room.told(typed)
    assert room.told(undone) == but_bob(line, words.format("swimming@1"))
    (answer,), *_ = room.told(undone)
    assert " has not the role " in answer or " is not muted " in answer


def test_a_ban(room):
    """The user does not come back before the ban is lifted."""
    room.told("`ban Bob spam")
    assert room.bob.ask("`join 1") == ["Server: You are banned from chatroom swimming@1."]
    line = ["Server: Bob was unbanned by alice."]
    assert room.told("`unban bob") == (line, [], line)
    assert room.bob.ask("`join 1") == ["Server: You join @chatroom 1"]


def test_bans(room):
    """Operators list the bans and mutes; there may be none."""
    assert room.alice.ask("`bans") == ["Server: Nobody is banned or muted."]
    room.told("`ban Bob 5 spam")
    room.told("`mute Cathy")
    assert room.alice.ask("`bans") == [
        (
            "Server: \n"
            "Bob banned until 1970-01-01 00:05:00, by alice on 1970-01-01 00:00:00: spam\n"
            "Cathy muted for ever, by alice on 1970-01-01 00:00:00\n"
        )
    ]


def test_an_invitation(room):
    """The user who is invited reads it, and the one who invites; the room does not."""
    stranger = room.server.join("2", "Stranger")
    room.told("`private on")
    assert stranger.ask("`join 1") == ["Server: Chatroom 1 NOT exist!"]
    assert room.told("`invite STRANGER") == (["Server: You invited Stranger."], [], [])
    assert stranger.read() == ["Server: alice invited you to chatroom swimming@1."]
    assert stranger.ask("`join swimming") == ["Server: You join @chatroom 1"]


def test_a_moderated_room(room):
    """Voices talk, and others are told why they do not."""
    room.told("`moderated on")
    words = ["Server: Chatroom swimming@1 is moderated: only operators and voices talk."]
    assert room.bob.ask("hi") == room.bob.ask("`me waves") == words
    room.told("`voice Bob")
    room.bob.send("hi")
    assert room.read() == (["Bob: hi"], [], ["Bob: hi"])


# -- settings that are shown


@pytest.mark.parametrize(
    ("name", "value", "unset", "words"),
    [
        ("key", "sesame", "There is no key.", "A key is set."),
        ("limit", "5", "There is no limit.", "The limit is 5."),
        *(
            (each, "on", f"{each} is off.", f"{each} is on.")
            for each in SETTINGS
            if each not in {"key", "limit"}
        ),
    ],
)
def test_a_setting_is_shown(room, name, value, unset, words):
    """All members read it, and nobody a key."""
    assert room.bob.ask(f"`{name}") == [f"Server: {unset}"]
    room.told(f"`{name} {value}")
    assert room.bob.ask(f"`{name}") == [f"Server: {words}"]
    room.told(f"`{name} off")
    assert room.bob.ask(f"`{name}") == [f"Server: {unset}"]


def test_a_topic_is_shown(room):
    """`-` removes it."""
    nothing = ["Server: Chatroom swimming@1 has no topic."]
    assert room.bob.ask("`topic") == nothing
    room.told("`topic About tea")
    assert room.bob.ask("`topic") == ["Server: Topic of swimming@1: About tea"]
    assert room.told("`topic -") == everybody("alice removed the topic.")
    assert room.bob.ask("`topic") == nothing


# -- words that have two meanings


@pytest.mark.parametrize(
    ("typed", "usage"),
    [
        ("`kick Bob 1", "kick <chatter_name> [reason]"),
        ("`kick Bob TEA", "kick <chatter_name> [reason]"),
        ("`kick Bob tea spam", "kick <chatter_name> [reason]"),
        ("`ban Bob 5 tea", "ban <chatter_name> [minutes] [reason]"),
        ("`ban Bob tea", "ban <chatter_name> [minutes] [reason]"),
        ("`ban Bob 0", "ban <chatter_name> [minutes] [reason]"),
        ("`mute Bob 0", "mute <chatter_name> [minutes]"),
        ("`mute Bob tea", "mute <chatter_name> [minutes]"),
        ("`op Bob tea", "op <chatter_name>"),
        ("`kick", "kick <chatter_name> [reason]"),
        ("`private maybe", "private [on|off]"),
        ("`limit -5", "limit [number|off]"),
        ("`key two words", "key [word|off]"),
    ],
)
def test_usage(room, typed, usage):
    """A word that is the id of one of one's rooms is no reason: at the console it is a room."""
    room.alice.ask("`enter Tea")
    room.alice.ask("`switch 1")
    assert room.told(typed) == ([f"Server: Usage: `{usage}"], [], [])


def test_an_id_of_a_room_as_a_reason_of_a_program(room):
    """A program names the room elsewhere."""
    room.alice.ask("`format json")
    room.alice.send('{"command":"kick","chatter_name":"Bob","reason":"1"}')
    told = ["Server: You were kicked out from chatroom swimming@1 by alice: 1"]
    assert room.bob.read() == told


def test_minutes_are_digits(room):
    """A word of digits behind the name is minutes, whatever else it is."""
    room.told("`ban Bob 1")
    room.server.turn(59)
    assert room.bob.ask("`join 1") == ["Server: You are banned from chatroom swimming@1."]
    room.server.turn(1)
    assert room.bob.ask("`join 1") == ["Server: You join @chatroom 1"]
    room.told("`ban Bob 2nd time")
    (line,) = room.alice.ask("`bans")
    assert line.endswith("for ever, by alice on 1970-01-01 00:01:00: 2nd time\n")


def test_every_handler_has_its_words():
    """Each act is answered, in text as well."""
    settings = {*SETTINGS, "topic", "bans", "end"}
    assert HANDLERS.keys() - settings <= set(ACTS)


# -- the end of a room


def test_the_owner_ends_a_room(room):
    """By its id from another room, too; its members are told, and may start it again."""
    room.alice.ask("`enter 2")
    room.read()
    room.alice.send("`end swimming")
    told = "Administrator: chatroom is being closed by the Administrator."
    assert room.read() == ([f"[1] {told}", "Server: chatroom 1 closed."], [told], [told])
    assert room.alice.ask("`end 1") == ["Server: Join chatroom 1 first!"]
    assert room.bob.ask("`end 2") == ["Server: Join chatroom 2 first!"]
    assert room.bob.ask("`start 1 again") == ["Server: Chatroom 1 started!"]
    room.bob.ask("`join 1")
    assert room.bob.ask("`end") == ["Server: You are not the owner of chatroom again@1."]
    assert room.bob.ask("`topic Mine") == ["Server: Bob set the topic: Mine"]
