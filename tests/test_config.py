"""The limits that depend on whether a client has joined or logged in."""

import pytest

from chatd.config import UNREGISTERED_MAX_FRAME, Config, Irc, Limits


@pytest.mark.parametrize(
    ("max_frame", "registered", "expected"),
    [
        (16384, True, 16384),
        (16384, False, UNREGISTERED_MAX_FRAME),
        (64, True, 64),
        (64, False, 64),
    ],
)
def test_the_longest_frame(max_frame, registered, expected):
    """A client that has not joined may send shorter frames, never longer ones."""
    assert Limits(max_frame=max_frame).frame(registered) == expected


def test_the_send_queue():
    """Half of the queue is for clients that have not joined."""
    limits = Limits(send_queue=1000)
    assert (limits.queue(True), limits.queue(False)) == (1000, 500)


@pytest.mark.parametrize(
    ("listen", "port"),
    [
        ((), ""),
        (("tcp:6667", "ssl:6697:privateKey=key.pem"), "6697"),
        (("ssl:privateKey=key.pem:port=6697:interface=localhost",), "6697"),
        (("haproxy:ssl:6697",), "6697"),
        ((r"ssl:6697:interface=\:\:1",), "6697"),
    ],
)
def test_the_port_with_tls(listen, port):
    """It is that of the first endpoint with TLS, however it is written."""
    assert Irc(listen).tls_port == port


def test_the_defaults_listen_on_this_machine_alone():
    """A server without options is not open to the network."""
    assert Config().listen == ("tcp:9999:interface=localhost",)
    assert Config().metrics == ""
