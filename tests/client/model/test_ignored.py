"""Messages of users that the reader ignores are not shown, and still count as read."""

from chatd.client.model.effects import Backfill, ConnectionStatus, Incoming, Recent
from chatd.client.model.ignored import without_ignored
from chatd.core.events import Message, PrivateMessage
from chatd.protocol.received import History

SHOWN = Message("1", 1, "Ann", "hi", 0.0)
HIDDEN = Message("1", 2, "Bob", "hi", 0.0, is_ignored=True)


def test_messages_as_they_come():
    """Those with the mark are left out, private ones too."""
    shown = [Incoming(SHOWN, 1), Incoming(PrivateMessage("Ann", "x", 0.0), 1)]
    hidden = [Incoming(HIDDEN, 1), Incoming(PrivateMessage("Bob", "x", 0.0, is_ignored=True), 1)]
    assert without_ignored([*hidden, *shown, ConnectionStatus.BACK]) == [
        *shown,
        ConnectionStatus.BACK,
    ]


def test_old_messages():
    """Histories, and what was missed, are shown without them; a heading alone is not shown."""
    effects = [
        Incoming(History("1", (SHOWN, HIDDEN)), 1),
        Backfill("1", (HIDDEN, SHOWN), True),
        Backfill("1", (HIDDEN,), True),
        Recent("1", (HIDDEN,)),
    ]
    assert without_ignored(effects) == [
        Incoming(History("1", (SHOWN,)), 1),
        Backfill("1", (SHOWN,), True),
        Recent("1", ()),
    ]
