"""Acts of administrators in rooms, as sessions note them in the audit."""

from chatd.server.acts import note_act
from tests.server.tearoom import TeaRoom


def test_acts_of_administrators_alone():
    """The audit names the account, the room, the subject, the minutes and the reason."""
    tea = TeaRoom()
    world = tea.server.service.world
    for name in ("alice", "Bob", "amy"):
        (session,) = world.find_user(name).origins
        note_act(session, world.rooms.by_key("1"), "mute", "Bob", 5, "spam")
    before, act = tea.audit()
    assert before.startswith("console")
    assert act == "amy muted Bob in chatroom 1 for 5 minutes: spam"
