"""The settings that the sessions of the IRC gateway share."""

import pytest

from chatd.config import Config, Irc, Registrants, RoomPolicy
from chatd.core import names as core_names
from chatd.core import presence as core_presence
from chatd.core.errors import ChatError
from chatd.core.profiles import Profile
from chatd.core.roommoderation import MAX_REASON
from chatd.core.world.settings_rules import MAX_TOPIC
from chatd.protocol.irc import names
from chatd.server.irc.settings import MAX_AWAY, MostUsers, settings_of
from tests.server.irc.accounts import WORD, login


def make(**options):
    """Return the settings with options for IRC, for a machine called `host.test`."""
    return settings_of(Config(irc=Irc(**options)), 0.0, "host.test")


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("irc.test", "host.test", "irc.test"),
        ("", "host.test", "host.test"),
        ("", "laptop", "laptop.invalid"),
        ("", "", "chatd.invalid"),
    ],
)
def test_the_name_of_the_server(name, host, expected):
    """It is what the operator says, or that of the machine, and has a dot."""
    assert settings_of(Config(irc=Irc(name=name)), 0.0, host).name == expected


@pytest.mark.parametrize(
    ("listen", "is_tls", "expected"),
    [
        (("tcp:6667", "ssl:6697:privateKey=k.pem"), False, "port=6697"),
        (("tcp:6667", "ssl:6697:privateKey=k.pem"), True, "duration=2592000"),
        (("tcp:6667",), False, None),
    ],
)
def test_sts(listen, is_tls, expected):
    """A client without TLS is told where there is TLS, one with it for how long to stay."""
    offered = make(listen=listen, sts=2592000).capabilities(is_tls=is_tls, may_log_in=True)
    assert offered.get("sts") == expected
    assert "sts" not in make(listen=listen).capabilities(is_tls=is_tls, may_log_in=True)


def test_what_needs_a_password():
    """Where passwords are not taken, logins are not offered; nor is what nobody may do."""
    names = {"sasl", "draft/account-registration"}
    assert names <= make().capabilities(is_tls=True, may_log_in=True).keys()
    assert not names & make().capabilities(is_tls=False, may_log_in=False).keys()
    closed = settings_of(Config(registrants=Registrants.NOBODY), 0.0, "host.test")
    offered = closed.capabilities(is_tls=True, may_log_in=True)
    assert names & offered.keys() == {"sasl"}


def test_isupport():
    """All tokens are names with at most one value, and the limits are those of the options."""
    tokens = make(rooms=7, network="testnet").isupport()
    values = dict(token.partition("=")[::2] for token in tokens)
    assert len(values) == len(tokens)
    assert values["CHANLIMIT"] == "#:7"
    assert values["NETWORK"] == "testnet"
    assert values["CHANMODES"].count(",") == 3
    assert not any(" " in token for token in tokens)
    assert not any("=" in value for value in values.values())
    assert "draft/ACCOUNTREQUIRED" not in values
    policy = RoomPolicy(require_login=True)
    assert "draft/ACCOUNTREQUIRED" in settings_of(Config(rules=policy), 0.0, "h").isupport()


def test_the_limits_in_isupport():
    """They are those that the server keeps to."""
    values = dict(token.partition("=")[::2] for token in make().isupport())
    assert {name: values[name] for name in ("AWAYLEN", "KICKLEN", "TOPICLEN", "MAXLIST")} == {
        "AWAYLEN": "200",
        "KICKLEN": str(MAX_REASON),
        "TOPICLEN": str(MAX_TOPIC),
        "MAXLIST": "b:100",
    }
    nick, channel = "n" * int(values["NICKLEN"]), f"#{'c' * (int(values['CHANNELLEN']) - 1)}"
    assert core_names.user_name(nick) == nick
    assert core_names.room_id(names.room_id(channel)) == channel[1:]
    for call, text in ((core_names.user_name, f"{nick}n"), (core_names.room_id, f"{channel}c"[1:])):
        with pytest.raises(ChatError):
            call(text)
    source = names.source(nick, 7, Profile(names.username("u" * 50)))
    _, _, rest = source.partition("!")
    user, _, host = rest.partition("@")
    assert len(user) == int(values["USERLEN"])
    assert len(host) <= int(values["HOSTLEN"])
    assert MAX_AWAY <= core_presence.MAX_AWAY


def test_the_most_users():
    """It never goes down."""
    usage = MostUsers()
    assert [usage.most_users(now) for now in (2, 5, 3)] == [2, 5, 5]


def test_codecs_of_one_connection(server):
    """A client takes the place of one codec, whatever it negotiates and whomever it ignores."""
    bob = server.irc("bob")
    native = server.connect()
    native.ask(f"`register zoe {WORD}")
    native.ask("`enter tea")
    bob.send("JOIN #tea")
    native.ask("`ignore bob")
    zoe = login(server, "zoe", "message-tags", is_new=False)
    codecs = server.service.irc_factory.settings.codecs
    assert len(codecs) == 2
    for capability in ("server-time", "account-tag", "extended-join", "setname", "away-notify"):
        zoe.send(f"CAP REQ :{capability}")
        bob.send("PRIVMSG #tea :hi")
        assert len(codecs) == 2
