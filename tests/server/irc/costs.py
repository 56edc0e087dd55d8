"""The cost of lines of an IRC client: tokens of the rates of a server with the default limits."""

from chatd.config import Irc
from chatd.testing import MemoryServer


def limited_server(**options):
    """Return a server with an IRC port and the default rate of messages."""
    irc = Irc(name="irc.test")
    return MemoryServer(irc=irc, clock_offset=1_795_186_276.0, rate=5, burst=20, **options)


def query_cost(server, client, *sent):
    """Send queries one by one; return how many tokens of the queries they have taken."""
    return _cost(server, client, client.protocol.inbound._queries, sent)


def cost(server, client, *sent):
    """Send other lines; return how many tokens of the messages they have taken."""
    return _cost(server, client, client.protocol.inbound._bucket, sent)


def _cost(server, client, bucket, sent):
    server.turn(30)  # the bucket is full
    before = bucket.available(server.reactor.seconds())
    client.send(*sent)
    server.turn()
    return before - bucket.available(server.reactor.seconds())
