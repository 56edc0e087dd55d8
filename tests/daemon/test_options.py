"""The options of the command line: their values, their defaults, their errors, and --help."""

import re

import pytest
from twisted.python.usage import UsageError

from chatd.config import Config, RoomCreators
from chatd.daemon.options import Options


def parse(*words):
    """Return the config that a command line describes."""
    options = Options()
    options.parseOptions(words)
    return options.config()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--max-frame 0", "--max-frame 0: must be 64 or more"),
        ("--max-frame many", "--max-frame many: must be a whole number"),
        ("--replay 501", "--replay 501: must be 500 or less"),
        ("--who-starts me", "--who-starts me: must be one of everyone, accounts, nobody"),
        ("--sessions-per-account 0", "--sessions-per-account 0: must be 1 or more"),
        (
            "--irc tcp:6667 --irc-sts 30d",
            "--irc-sts: this needs an ssl: endpoint, as in --irc ssl:6697:…",
        ),
        ("--port 9999", "option --port not recognized"),
    ],
)
def test_an_invalid_option_ends_the_process(words, message):
    """The process exits with one line that names the option and the reason."""
    with pytest.raises(SystemExit) as error:
        parse(*words.split())
    assert error.value.code == f"chatd: {message} (see twistd chatd --help)"


def test_the_defaults_are_those_of_the_config():
    """Without options the server has the default config."""
    assert parse() == Config()


def test_options_that_may_be_repeated():
    """Each endpoint and each room is added; a room without a name is named by its id."""
    config = parse(
        *("--listen", "tcp:1", "--listen", "tcp:2"), *("--room", "1:tea", "--room", "food")
    )
    assert config.listen == ("tcp:1", "tcp:2")
    assert config.rooms == (("1", "tea"), ("food", "food"))


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("--store memory:", lambda config: config.store == "memory:"),
        ("--rooms-per-client 3", lambda config: config.rules.rooms_per_client == 3),
        ("--who-starts nobody", lambda config: config.rules.room_creators is RoomCreators.NOBODY),
        ("--require-login", lambda config: config.rules.require_login),
        ("--max-rooms 5", lambda config: config.max_rooms == 5),
        ("--replay 20", lambda config: config.replay == 20),
        ("--keep 7", lambda config: config.keep == 7),
        ("--hide-addresses", lambda config: config.hide_addresses),
        ("--trace", lambda config: config.trace),
        ("--no-console", lambda config: not config.console),
        ("--admin a.sock", lambda config: config.admin == "a.sock"),
        ("--motd motd.txt", lambda config: config.motd == "motd.txt"),
        ("--metrics tcp:9990", lambda config: config.metrics == "tcp:9990"),
        ("--max-frame 64", lambda config: config.limits.max_frame == 64),
        ("--send-queue 1024", lambda config: config.limits.send_queue == 1024),
        ("--rate 0", lambda config: config.limits.rate == 0),
        ("--burst 0", lambda config: config.limits.burst == 0),
        ("--byte-rate 0", lambda config: config.limits.byte_rate == 0),
        ("--byte-burst 0", lambda config: config.limits.byte_burst == 0),
        ("--max-message 9", lambda config: config.limits.message == 9),
        ("--max-clients 3", lambda config: config.limits.max_clients == 3),
        ("--max-per-address 3", lambda config: config.limits.max_per_address == 3),
        ("--sessions-per-account 3", lambda config: config.limits.sessions_per_account == 3),
        ("--first-frame 3", lambda config: config.limits.first_frame == 3),
        ("--idle-timeout 3", lambda config: config.limits.idle_timeout == 3),
    ],
)
def test_each_option_sets_its_value(words, read):
    """The config has the value of the option, and no default has it already."""
    assert read(parse(*words.split()))
    assert not read(parse())


def test_help_describes_every_option():
    """Each option is below a heading, with a metavar if it has a value, and a description."""
    text = Options().getUsage()
    described = re.findall(r"^  --([a-z-]+)((?: [A-Z\[\]:]+)?)  +\S", text, re.MULTILINE)
    flags = [row[0] for row in Options.optFlags]
    assert {name for name, metavar in described if not metavar} == {*flags, "help", "version"}
    names = [row[0] for row in Options.optParameters]
    assert sorted(name for name, _ in described) == sorted(
        [*flags, *names, "irc", "listen", "room", "help", "version"]
    )
    assert re.findall(r"^([A-Z].*):$", text, re.MULTILINE) == [
        *("Listening", "IRC", "Rooms", "Accounts", "Store", "Log and console", "Limits", "Other")
    ]
    assert "SIGHUP" in text


def test_help_fits_80_columns():
    """No line is longer than a terminal, and no default is empty or cut in two."""
    text = Options().getUsage(200)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()
    assert not re.search(r"default:$|\[default: \]|-$", text, re.MULTILINE)


def numbers():
    """Return the names of the options that take a number."""
    for name, _, _, _, convert in Options.optParameters:
        try:
            convert("many")
        except UsageError:
            if name != "who-starts":
                yield name


@pytest.mark.parametrize("name", list(numbers()))
@pytest.mark.parametrize("value", ["9" * 400, "9" * 5000, "1000000001", "-1", "inf", "1e3", ""])
def test_a_number_out_of_bounds(name, value):
    """Each number has bounds; the process exits with one short line."""
    with pytest.raises(SystemExit) as error:
        parse(f"--{name}", value)
    assert error.value.code.startswith(f"chatd: --{name} {value[:100]}")
    assert "must be" in error.value.code
    assert len(error.value.code) < 250


def test_the_byte_rate_without_a_rate():
    """Without a rate of frames there is none of bytes, unless it is given."""
    assert parse().limits.bytes_per_second == 8192
    assert parse("--rate", "0").limits.bytes_per_second == 0
    assert parse("--rate", "0", "--byte-rate", "5").limits.bytes_per_second == 5
    assert parse("--max-frame", "100").limits.message == 100
