"""The options: the command line over the configuration file over the defaults."""

import pytest

from chatd import __version__
from chatd.client.configfile import ConfigError
from chatd.client.model.startup import NO_STARTUP, Startup
from chatd.client.options import Options, parse
from chatd.client.ui.frontend import Address


@pytest.fixture(autouse=True)
def config(monkeypatch, tmp_path):
    """Return the path of the default configuration file, which is missing at first."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "chatd").mkdir()
    return tmp_path / "chatd" / "client.toml"


def test_defaults():
    """Without arguments the server is the local one, in command mode without TLS."""
    assert parse([]) == Options(Address("localhost", 9999))


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        (["example.org"], Address("example.org", 9999)),
        (["example.org", "77"], Address("example.org", 77)),
        (["example.org:77"], Address("example.org", 77)),
        (["[::1]:77"], Address("::1", 77)),
        (["[::1]"], Address("::1", 9999)),
        (["::1"], Address("::1", 9999)),
        (["::1", "77"], Address("::1", 77)),
    ],
)
def test_address(arguments, address):
    """The port may be behind the host, with brackets around an IPv6 address."""
    assert parse(arguments).address == address


@pytest.mark.parametrize("port", ["0", "65536", "http", "-0", "9" * 5000, ""])
def test_bad_port(port):
    """A port that is no number from 1 to 65535 is refused."""
    for arguments in (["localhost", "--", port], ["--", f"localhost:{port}"]):
        with pytest.raises(ConfigError) as refused:
            parse(arguments)
        assert str(refused.value) == f"Not a port: {port} (1 to 65535)."


def test_person():
    """Name, rooms and login make the startup."""
    options = parse(["--name", "Ann", "--room", "tea", "--room", "food"])
    assert options.startup == Startup("Ann", ("tea", "food"))
    assert parse(["--login", "ann"]).startup == Startup(account="ann")


def test_room_without_a_name():
    """A room alone is refused."""
    with pytest.raises(ConfigError, match="--room needs --name or --login"):
        parse(["--room", "tea"])


def test_server(config):
    """The command line counts before the server's table, which counts before the top."""
    config.write_text("""
        name = "Top"
        bell = false
        [work]
        host = "chat.example.org"
        port = 7000
        tls = true
        name = "Work"
        room = "lobby"
        remember = true
    """)
    work = parse(["work"])
    assert work == Options(
        Address("chat.example.org", 7000),
        tls=True,
        startup=Startup("Work", ("lobby",)),
        remember=True,
        bell=False,
    )
    assert parse(["work", "--name", "Ann"]).startup == Startup("Ann", ("lobby",))
    assert parse([]).startup == Startup("Top")
    assert parse(["work", "77"]).address == Address("work", 77)


def test_port_in_config(config):
    """The host of the command line has the port of the file, unless it has its own."""
    config.write_text("port = 77")
    assert parse(["example.org"]).address == Address("example.org", 77)
    assert parse(["example.org:88"]).address == Address("example.org", 88)


def test_other_file(tmp_path):
    """Another configuration file can be named."""
    path = tmp_path / "other.toml"
    path.write_text("host = '::1'")
    assert parse(["--config", str(path)]).address == Address("::1", 9999)


def test_switches():
    """The bell can be switched off; certificates imply TLS; guided mode asks for the person."""
    assert not parse(["--no-bell"]).bell
    assert parse(["--cafile", "ca.pem"]).tls
    assert parse(["--guided", "--name", "Ann"]).startup == NO_STARTUP


def test_version(capsys):
    """The version is shown."""
    with pytest.raises(SystemExit):
        parse(["--version"])
    assert capsys.readouterr().out == f"chatd {__version__}\n"


def test_help(capsys, monkeypatch):
    """The help fits into 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        parse(["--help"])
    shown = capsys.readouterr().out
    assert "HOST:PORT" in shown
    assert max(map(len, shown.splitlines())) <= 80
