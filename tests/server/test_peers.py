"""The options of TCP connections."""

import socket
from collections import Counter

import pytest

from chatd.server.peers import set_options


class Transport:
    """A TCP transport, and its socket."""

    def __init__(self):
        self.socket = self
        self.options = {}

    def setTcpNoDelay(self, enabled):
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled):
        self.keep_alive = enabled

    def setsockopt(self, level, option, value):
        assert level == socket.IPPROTO_TCP
        self.options[option] = value


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="is not there but on Linux")
def test_not_all_are_asked_at_once():
    """Clients that fell silent at the same time are probed over 45 seconds."""
    first_asked = Counter()
    for port in range(32768, 32768 + 2 * 4500, 2):  # as the system gives them to clients
        set_options(transport := Transport(), port)
        assert transport.no_delay
        assert transport.keep_alive
        idle = transport.options[socket.TCP_KEEPIDLE]
        # Three more questions are asked before the peer is given up.
        assert idle + 3 * transport.options[socket.TCP_KEEPINTVL] < 120
        assert transport.options[socket.TCP_USER_TIMEOUT] == 120_000
        first_asked[idle] += 1
    assert first_asked == dict.fromkeys(range(30, 75), 100)
