"""Creating a store from a URL: which URLs are refused, and that nothing is opened yet."""

import sys
import threading
from random import Random

import pytest

from chatd.core.errors import StoreError
from chatd.storage.factory import create_database, create_store
from chatd.storage.memory import MemoryStore
from chatd.storage.sql import SqlStore
from chatd.storage.testing import inline_store


def refusal(url):
    """Return the error message for a URL, which is one line."""
    with pytest.raises(StoreError) as error:
        create_store(url, None)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_memory():
    """The URL `memory:` is for the store in memory."""
    assert isinstance(create_store("memory:", None), MemoryStore)


def test_nothing_is_opened(tmp_path):
    """No file, connection or thread is there before `open`: the daemon may still fork."""
    threads = threading.active_count()
    urls = [f"sqlite:///{tmp_path}/chatd.db", "postgresql://u:p@localhost:1/db"]
    urls.append("postgresql+psycopg:///db?host=/nowhere")
    assert all(isinstance(create_store(url, None), SqlStore) for url in urls)
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


def test_a_relative_path(tmp_path, monkeypatch):
    """A path after three slashes is relative to the working directory."""
    monkeypatch.chdir(tmp_path)
    store = inline_store(create_database("sqlite:///chatd.db"))
    store.open([])
    store._database.close()
    assert (tmp_path / "chatd.db").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://user:secret@host/db", "kind mysql"),
        ("postgres://user:secret@host/db", "kind postgres,"),
        ("postgresql+psycopg2://user:secret@host/db", "kind postgresql+psycopg2"),
        ("sqlite+aiosqlite:///secret.db", "kind sqlite+aiosqlite"),
        ("secret.db", "not one of those known"),
        ("", "not one of those known"),
        ("memory", "not one of those known"),
        ("memory://", "kind memory"),
        ("postgresql://user:se@secret@host/db", "%40"),
        ("postgresql://user:word@host:secret/db", "not one of those known"),
        ("sqlite://", "memory:"),
        ("sqlite:///", "memory:"),
        ("sqlite:///:memory:", "memory:"),
        ("sqlite://host/secret.db", "sqlite:///"),
        ("sqlite:///chatd.db?mode=secret", "sqlite:///"),
    ],
)
def test_refused_urls(url, words):
    """The message says what is wrong, and never repeats what may be a password."""
    assert words in refusal(url)
    assert "secret" not in refusal(url)


def test_without_psycopg(monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install '.[postgresql]'" in refusal("postgresql://user:secret@host/db")


def test_an_unreachable_server():
    """The message says where the server is, without the password, wherever in the URL it is."""
    url = "postgresql://user:secret@127.0.0.1:1/db?password=secret&sslmode=disable"
    with pytest.raises(StoreError) as error:
        inline_store(create_database(url)).open([])
    words = str(error.value)
    assert words.startswith("postgresql://user:***@127.0.0.1:1/db cannot be opened: ")
    assert "secret" not in words
    assert "\n" not in words


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@127.0.0.1:1/db?secret=1",
        "postgresql://127.0.0.1:1/db?password=a&secret=b",
        "postgresql://127.0.0.1:1/db?port=secret",
        "postgresql://127.0.0.1:1/db?host=a&port=secret&port=2",
    ],
)
def test_wrong_options(url):
    """An option that is not known or not valid may be a part of a password: it is not repeated."""
    assert "secret" not in refusal(url)


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://user:{}@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=user&password={}",
        "postgresql://user:x@127.0.0.1:1/db?sslpassword={}",
    ],
)
def test_no_part_of_a_password_is_shown(form):
    """No error shows a word of a password, also if that has the syntax of a URL."""
    random = Random(1)
    for _ in range(150):
        words = "".join(random.choice(("QQ7", *"@/:?#%&=+;[] ")) for _ in range(8)) + "QQ7"
        with pytest.raises(StoreError) as error:
            inline_store(create_database(form.format(words))).open([])
        assert "QQ7" not in str(error.value)
        assert "\n" not in str(error.value)
