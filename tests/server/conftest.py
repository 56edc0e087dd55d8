"""The fixtures of the tests of several servers."""

import pytest

from chatd.testing_cluster import MemoryCluster
from tests.server.cluster import OPTIONS, WORD, ask, connect_json


@pytest.fixture
def cluster():
    """Return two servers with two rooms, where users may be in both."""
    return MemoryCluster(**OPTIONS)


@pytest.fixture
def servers(cluster):
    """Return the two servers."""
    return list(cluster.servers.values())


@pytest.fixture
def guests(servers):
    """Return Ann, a client of the first server, and Bob, one of the second; both are in room 1."""
    ann, bob = servers[0].join("1", "Ann"), servers[1].join("1", "Bob")
    ann.read()
    return ann, bob


@pytest.fixture
def account(servers):
    """Return a text session of alice on the first server, and one in JSON on the second."""
    text = servers[0].connect()
    text.ask(f"`register alice {WORD}")
    program, _ = connect_json(servers[1])
    ask(program, "login", username="alice", password=WORD)
    return text, program
