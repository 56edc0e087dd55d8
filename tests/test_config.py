"""The limits that depend on whether a client has joined or logged in."""

import pytest

from chatd.config import UNREGISTERED_MAX_FRAME, Config, Limits


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


def test_the_defaults_listen_on_this_machine_alone():
    """A server without options is not open to the network."""
    assert Config().listen == ("tcp:9999:interface=localhost",)
    assert Config().metrics == ""
