"""The configuration file: its keys, its servers, and words about what is wrong."""

from pathlib import Path

import pytest

from chatd.client.configfile import Config, ConfigError, default_path, read, read_default

EXAMPLE = """
name = "Ann"
room = "tea"
bell = false

[work]
host = "chat.example.org"
port = 7000
room = ["lobby", "food"]
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes the file; it returns the path."""

    def write(text):
        path = tmp_path / "client.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_values(write):
    """A server has its own values, and those at the top where it has none."""
    config = read(write(EXAMPLE))
    assert config.values() == {"name": "Ann", "room": ["tea"], "bell": False}
    assert config.has_server("work")
    assert not config.has_server("home")
    assert config.values("work") == {
        "name": "Ann",
        "room": ["lobby", "food"],
        "bell": False,
        "host": "chat.example.org",
        "port": 7000,
    }


def test_no_file():
    """Without a file there are no values."""
    assert Config().values() == {}
    assert not Config().has_server("work")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nmae = 1", "nmae: unknown key (known are host, port, "),
        ("port = 0", "port: has to be a number from 1 to 65535"),
        ("port = true", "port: has to be a number from 1 to 65535"),
        ('port = "9999"', "port: has to be a number from 1 to 65535"),
        ("tls = 1", "tls: has to be true or false"),
        ("room = [1]", "room: has to be a text or a list of texts"),
        ("[work]\nname = 5", "[work] name: has to be a text"),
        ("[work.deep]\nname = 5", "[work] deep: unknown key"),
        ("name", "Expected '=' after a key in a key/value pair"),
        (b"name = '\xff'", "not UTF-8"),
    ],
)
def test_wrong(write, text, words):
    """A wrong file is refused in one line, with its path and the key."""
    path = write(text)
    with pytest.raises(ConfigError) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}: {words}")
    assert "\n" not in str(refused.value)


def test_server_without_host(write):
    """A server needs a host."""
    config = read(write("host = 'localhost'\n[work]\ntls = true"))
    with pytest.raises(ConfigError, match=r"\[work\] has no host$"):
        config.values("work")


def test_missing(tmp_path, monkeypatch):
    """The default file may be missing; one that is named may not."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "chatd" / "client.toml"
    assert read_default().values() == {}
    with pytest.raises(ConfigError, match=r"client\.toml: No such file or directory$"):
        read(default_path())


def test_default_path(monkeypatch):
    """A directory that is not absolute is ignored, as the specification of XDG demands."""
    monkeypatch.setenv("HOME", "/home/ann")
    for environment in ({}, {"XDG_CONFIG_HOME": "relative"}):
        assert default_path(environment) == Path("/home/ann/.config/chatd/client.toml")


def test_cafile(write, monkeypatch):
    """A file of certificates is relative to the configuration file, or to the home directory."""
    path = write("cafile = 'ca.pem'\n[home]\nhost = 'h'\ncafile = '~/ca.pem'")
    monkeypatch.setenv("HOME", "/home/ann")
    assert read(path).values()["cafile"] == str(path.parent / "ca.pem")
    assert read(path).values("home")["cafile"] == "/home/ann/ca.pem"
