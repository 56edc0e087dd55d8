"""The log of a server alone: each operation is applied at once, and its effects are shown."""

import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import LeaveReason, MessageKind, Renamed
from chatd.core.names import new_name
from chatd.core.ports import ILog
from chatd.core.rooms import SessionKey, User
from chatd.core.world.account_operations import EndSession, SetAdmin
from chatd.core.world.effects import NameChanged, RoomSettled, UserChanged
from chatd.core.world.operations import Join, Leave, Rename, SettleRoom
from chatd.core.world.world import World
from chatd.oplog.local import LocalLog
from chatd.storage.testing import result

NOW = 1000.0


class RecordingBus:
    """Keeps what it is given."""

    def __init__(self):
        self.said = []
        self.effects = []

    def say(self, *said):
        self.said.append(said)

    def deliver(self, effects, receipt=None):
        self.effects.append((effects, receipt))


class Session:
    """A session that asks for something."""

    def __init__(self):
        self.closed = False
        self.user = User("unix")
        self.key = SessionKey("local", 1)


@pytest.fixture
def bus():
    """Return a bus that records."""
    return RecordingBus()


@pytest.fixture
def clock():
    """Return a clock."""
    return Clock()


@pytest.fixture
def world():
    """Return an empty world."""
    return World()


@pytest.fixture
def log(world, bus, clock):
    """Return the log of the world."""
    return LocalLog(world, bus, clock.seconds)


def run(awaitable):
    """Return the result of an awaitable that does not wait, or raise its error."""

    async def awaited():
        return await awaitable

    return result(awaited())


def rename(name):
    """Return the operation by which session 1 takes a name."""
    return Rename(SessionKey("local", 1), "unix", new_name(name), NOW)


def test_interface(log):
    """It is a log."""
    assert verifyObject(ILog, log)
    assert log.node == "local"


def test_an_operation_is_applied_at_once(log, world, bus, clock):
    """Before anybody awaits the outcome, at the time of the clock; the outcome can be awaited."""
    clock.advance(5)
    outcome = log.submit(rename("Ann"))
    assert (world.find_user("Ann").name, world.seconds, log.seconds()) == ("Ann", 5.0, 5.0)
    assert run(outcome) == "Ann"
    log.submit(SettleRoom("1", True))
    user = world.find_user("Ann")
    renamed = UserChanged(user, Renamed("", "Ann", NOW), SessionKey("local", 1))
    assert bus.effects == [
        ([NameChanged(user, ""), renamed], None),
        ([RoomSettled("1")], None),
    ]


def test_an_operation_that_is_refused(log, bus):
    """Awaiting it raises the error, in the call that awaits; nobody has to."""
    key = SessionKey("local", 1)
    refused = log.submit(Join(key, "unix", "9", "9", new_name("Ann"), None, 1, NOW))
    with pytest.raises(ChatError) as error:
        run(refused)
    assert (error.value.code, error.value.params) == (ErrorCode.NO_SUCH_ROOM, {"room": "9"})
    log.submit(Leave(key, "9", NOW))
    assert bus.effects == [([], None)] * 2


@pytest.mark.parametrize("ended", ["session", "user"])
def test_a_session_that_has_ended(log, world, ended):
    """Nothing that it asks for is applied, and the call raises the error itself."""
    session = Session()
    log.submit(rename("Ann"), session)
    if ended == "session":
        session.closed = True
    else:
        session.user.closed = True
    with pytest.raises(ChatError) as error:
        log.submit(rename("Bob"), session)
    assert error.value.code is ErrorCode.SESSION_CLOSED
    assert world.find_user("Bob") is None


def test_say(log, bus):
    """Messages go to the bus with all that is said about them."""
    room, session = object(), Session()
    log.say(room, session, ["hi"], NOW, "receipt", MessageKind.ACTION, "+x=1", (1,))
    log.say(room, session, ["ho"], NOW)
    assert bus.said == [
        (room, session, ["hi"], NOW, "receipt", MessageKind.ACTION, "+x=1", (1,)),
        (room, session, ["ho"], NOW),
    ]


def test_settled(log):
    """There is nothing to wait for."""
    assert result(log.settled()) is None


def test_stop(log, world, bus):
    """After it nothing of a session is applied; commands of the administrator still are."""
    log.submit(rename("Ann"))
    log.stop()
    for operation, origin in (
        (rename("Bob"), Session()),
        (EndSession(Session().key, LeaveReason.LOST, False, False, NOW), None),
    ):
        with pytest.raises(ChatError) as error:
            run(log.submit(operation, origin))
        assert error.value.code is ErrorCode.UNAVAILABLE
    assert world.find_user("Ann") is not None
    log.submit(SetAdmin(1, True))
    assert len(bus.effects) == 2
