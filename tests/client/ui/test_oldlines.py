"""Old messages on a terminal."""

import pytest

from chatd.client.model.effects import Backfill, ConnectionStatus, Incoming, Recent
from chatd.client.ui.oldlines import in_local_time, old_lines
from chatd.core.events import Message, PrivateMessage
from chatd.protocol.received import History
from chatd.protocol.room_replies import Found
from tests.client.ui.frontends import server_reply

SAID = Message("1", 7, "Bob", "hi Ann", 5.0)


@pytest.mark.parametrize(
    ("update", "texts"),
    [
        (Backfill("1", (SAID,), False), ["Bob: hi Ann"]),
        (Backfill("1", (SAID,), True), ["While you were away, in chatroom 1:", "Bob: hi Ann"]),
        (Recent("1", (SAID,)), ["Bob: hi Ann"]),
        (Incoming(History("1", (SAID,)), 1), ["Bob: hi Ann"]),
        (
            Incoming(History("1", (SAID._replace(text="", is_deleted=True),)), 1),
            ["Bob: (deleted)"],
        ),
        (
            Incoming(server_reply(Found((SAID,), "hi", more=True)), 1),
            ["#7 Bob: hi Ann", "… older ones: `search hi #before:7"],
        ),
    ],
)
def test_old_lines(update, texts):
    """Old messages have their times, which are shown as those of the reader."""
    lines = old_lines(update, "Ann")
    assert [line.text for line in lines] == texts
    assert {line.time for line in lines if line.talk} == {5.0}
    assert all(line.mention == "Ann" for line in lines if line.talk and "Ann" in line.text)


def test_kept_message():
    """A private message that was kept has no time in its words."""
    kept = PrivateMessage("Bob", "psst", 5.0, is_kept=True)
    assert in_local_time(Incoming(kept, 1)) == Incoming(PrivateMessage("Bob", "psst", 5.0), 1)
    assert in_local_time(Incoming(SAID, 1)) == Incoming(SAID, 1)


@pytest.mark.parametrize(
    "update",
    [
        Incoming(SAID, 1),
        Incoming(History("1", ()), 1),
        Incoming(server_reply(Found((), "hi")), 1),
        ConnectionStatus.BACK,
    ],
)
def test_no_old_lines(update):
    """An update without old messages is left to others."""
    assert old_lines(update, "Ann") is None
