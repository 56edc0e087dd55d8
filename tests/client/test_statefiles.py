"""The files that are kept between two starts."""

from pathlib import Path

import pytest

from chatd.client.statefiles import MAX_HISTORY, HistoryFile, LoginFile, state_directory
from chatd.client.ui.remember import Login

ANN = Login("localhost:9999", "ann", "secret", ("1", "tea"))


@pytest.fixture
def directory(tmp_path):
    """Return the path of a directory that does not exist yet."""
    return tmp_path / "state" / "chatd"


def test_state_directory(monkeypatch):
    """The directory is that of XDG."""
    monkeypatch.setenv("HOME", "/home/ann")
    assert state_directory({}) == Path("/home/ann/.local/state/chatd")
    assert state_directory({"XDG_STATE_HOME": "/state"}) == Path("/state/chatd")
    assert state_directory({"XDG_STATE_HOME": "state"}) == Path("/home/ann/.local/state/chatd")


def test_modes(directory):
    """Only the owner may read the files, whatever was there before."""
    directory.mkdir(parents=True, mode=0o755)
    HistoryFile(directory).add("hello")
    LoginFile(directory).keep(ANN)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in directory.iterdir()} >= {"history", "logins"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in directory.iterdir())


def test_history(directory):
    """Lines come back in order, also those of two clients at once; newlines are kept."""
    assert HistoryFile(directory).load() == []
    one, two = HistoryFile(directory), HistoryFile(directory)
    one.add("first")
    two.add("second\nrow")
    one.add("\ud800")
    assert HistoryFile(directory).load() == ["first", "second\nrow", "\ud800"]


def test_history_is_bounded(directory):
    """The older half is dropped when the file is full."""
    history = HistoryFile(directory)
    for number in range(5):
        history.add(f"{number}" + "x" * (MAX_HISTORY // 4))
    lines = [line[0] for line in history.load()]
    assert lines[-1] == "4"
    assert lines[0] != "0"
    assert (directory / "history").stat().st_size <= MAX_HISTORY


def test_damaged_files(directory):
    """Damaged rows are skipped."""
    directory.mkdir(parents=True)
    (directory / "history").write_bytes(b'"one"\n"two\n5\n\xff\n"three"\n')
    assert HistoryFile(directory).load() == ["one", "three"]
    for content in ("", "{}", "[5, {}]", '[{"server": 1, "account": 2, "token": 3, "rooms": 4}]'):
        (directory / "logins").write_text(content)
        assert LoginFile(directory).find("localhost:9999", None) is None


def test_unusable_directory(tmp_path):
    """Without a directory nothing is kept, and nothing fails."""
    (tmp_path / "file").write_text("")
    history, logins = HistoryFile(tmp_path / "file"), LoginFile(tmp_path / "file")
    history.add("hello")
    logins.keep(ANN)
    assert history.load() == []
    assert logins.find(ANN.server, None) is None


def test_logins(directory):
    """Each server has its logins, of which the last one counts if no account is named."""
    logins = LoginFile(directory)
    bob = ANN._replace(account="bob", token="other")
    for login in (ANN, bob, ANN._replace(server="example.org:1", token="third")):
        logins.keep(login)
    assert logins.find(ANN.server, None) == bob
    assert logins.find(ANN.server, "ann") == ANN
    assert logins.find(ANN.server, "carol") is None
    logins.keep(ANN._replace(rooms=()))
    assert logins.find(ANN.server, None) == ANN._replace(rooms=())
    logins.forget(ANN.server, "ann")
    assert logins.find(ANN.server, None) == bob
    assert logins.find("example.org:1", None).token == "third"
