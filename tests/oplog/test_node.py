"""The part of a server in a log that it shares with others."""

import gc
from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import ReceiptRequest
from chatd.core.names import new_name
from chatd.core.records import RoomRecord, Snapshot
from chatd.core.rooms import SessionKey, User
from chatd.core.world.account_operations import EndNode
from chatd.core.world.effects import Happened, Said
from chatd.core.world.operations import Announce, By, Join, Rename
from chatd.core.world.room_operations import Kick
from chatd.core.world.world import World
from chatd.oplog import node as module
from chatd.oplog.entry import Entry, Placed
from chatd.oplog.node import AWAY_SECONDS, CHECK_SECONDS, MAX_OPERATIONS, NodeLog
from chatd.oplog.testing import MemoryLog, Network
from chatd.storage.testing import result


class FakeLog:
    """A log that does nothing by itself; it keeps what it is asked for."""

    def __init__(self):
        self.appended = []
        self.reads = []

    def subscribe(self, _, on_entry):
        """Keep the function that takes entries."""
        self.tell = on_entry

    def append(self, entry):
        """Keep an entry."""
        self.appended.append(entry)

    def read(self, _, after):
        """Keep the position, and the answer that the test gives."""
        self.reads.append((after, Deferred()))
        return self.reads[-1][1]


class Node:
    """A server with one room, which is made of its log, its world and its bus alone.

    `lines` has what was announced or said in the room, in its order, `receipts` those that came
    with it, and `refused` what `refuse` was called with.
    """

    def __init__(self, shared, clock=None, name="n1"):
        self.clock = clock or Clock()
        self.lines = []
        self.receipts = []
        self.refused = []
        self.world = World()
        self.world.load(Snapshot(rooms=[RoomRecord("1", "tea")]), 0, 0)
        self.room = self.world.rooms.by_key("1")
        self.log = NodeLog(name, shared, self.world, self, self.clock, lambda: 7.0, self.refuse)
        self.log.start()
        self.name = name

    def refuse(self, *refusal):
        """Note a refusal."""
        self.refused.append(refusal)

    def deliver(self, effects, receipt=None):
        """Note what is said."""
        for effect in effects:
            if isinstance(effect, Said):
                self.lines += effect.messages.texts
                self.receipts.append(receipt)
            elif isinstance(effect, Happened) and hasattr(effect.event, "text"):
                self.lines.append(effect.event.text)

    def announce(self, *texts):
        """Submit an operation for each text."""
        for text in texts:
            self.log.submit(Announce("1", text, 0))

    def session(self, number=1):
        """Return a session of this server, whose user is not in the room."""
        return SimpleNamespace(key=SessionKey(self.name, number), user=User(None), closed=False)

    def join(self, origin, name="Ann"):
        """Submit that the user of a session joins the room."""
        join = Join(origin.key, None, "1", "1", new_name(name), None, 1, 0)
        return outcomes(self.log.submit(join, origin))


def outcomes(awaitable):
    """Await something; return a list that gets its result or its error, when it has one."""
    found = []

    async def wait():
        try:
            found.append(await awaitable)
        except ChatError as error:
            found.append(error.code)

    failures = []
    Deferred.fromCoroutine(wait()).addErrback(failures.append)
    assert not failures
    return found


def placed(position, *texts, node="n2", number=None):
    """Return an entry of another server, which announces texts."""
    operations = tuple(Announce("1", text, 0) for text in texts)
    return Placed(position, Entry(node, number or position, 7.0, operations))


@pytest.fixture
def shared():
    """Return a log that does nothing by itself."""
    return FakeLog()


@pytest.fixture
def node(shared):
    """Return a server of that log."""
    return Node(shared)


@pytest.fixture
def cluster():
    """Return two servers that share a log in memory, and that log."""
    clock = Clock()
    log = MemoryLog(clock)
    nodes = [Node(log, clock, name) for name in ("n1", "n2")]
    return *nodes, log


# -- submitting


def test_operations_of_a_turn_are_one_entry(node, shared):
    """The entry has the operations in the order in which they were submitted."""
    node.announce("a", "b")
    assert shared.appended == []
    node.clock.advance(0)
    (entry,) = shared.appended
    assert (entry.node, entry.number, entry.seconds) == ("n1", 1, 7.0)
    assert [operation.text for operation in entry.operations] == ["a", "b"]
    assert node.lines == []


def test_the_next_entry_waits_until_the_first_came_back(node, shared):
    """Operations that are submitted meanwhile are the next entry."""
    for text in "abc":
        node.announce(text)
        node.clock.advance(0)
    (first,) = shared.appended
    shared.tell(Placed(1, first))
    assert node.lines == ["a"]
    assert [operation.text for operation in shared.appended[1].operations] == ["b", "c"]
    assert shared.appended[1].number == 2


def test_an_entry_of_another_server_does_not_let_the_next_one_go(node, shared):
    """The own entry is still on its way."""
    node.announce("a")
    node.clock.advance(0)
    node.announce("b")
    shared.tell(placed(1, "other"))
    node.clock.advance(0)
    assert len(shared.appended) == 1
    assert node.lines == ["other"]


def test_an_entry_has_a_limited_number_of_operations(node, shared):
    """The rest follows when it has come back."""
    node.announce(*["x"] * (MAX_OPERATIONS + 1))
    node.clock.advance(0)
    shared.tell(Placed(1, shared.appended[0]))
    assert [len(entry.operations) for entry in shared.appended] == [MAX_OPERATIONS, 1]


def test_an_entry_that_does_not_come_back_is_sent_again(cluster):
    """The log has it once, and all servers apply it once."""
    first, second, log = cluster
    log.network = Network(is_lost=lambda _: True)
    first.announce("a")
    first.clock.advance(0)
    log.network = Network()
    first.clock.advance(CHECK_SECONDS)
    assert (first.lines, second.lines) == (["a"], ["a"])
    first.clock.advance(CHECK_SECONDS)
    assert len(log.entries) == 1


def test_an_entry_whose_return_is_lost_is_applied_once(cluster):
    """The server sends it again, and reads it from the log."""
    first, second, log = cluster
    log.network = Network(delay=lambda _: 0.1)
    first.announce("a")
    first.clock.pump([0, 0.05])
    log.network = Network(is_lost=lambda _: True)
    first.clock.advance(0.05)
    assert len(log.entries) == 1
    log.network = Network()
    assert (first.lines, second.lines) == ([], [])
    first.clock.pump([CHECK_SECONDS] * 3)
    assert (first.lines, second.lines) == (["a"], ["a"])
    assert len(log.entries) == 1


# -- applying


def test_a_missing_entry_is_read_before_a_later_one_is_applied(node, shared):
    """The log is asked once, for what comes after the last entry applied."""
    shared.tell(placed(1, "a"))
    shared.tell(placed(3, "c"))
    shared.tell(placed(4, "d"))
    assert node.lines == ["a"]
    ((after, answer),) = shared.reads
    assert after == 1
    answer.callback([placed(2, "b"), placed(3, "c")])
    assert (node.lines, node.log.position) == (["a", "b", "c"], 3)


def test_the_log_is_asked_again_if_its_answer_is_lost(node, shared):
    """A regular check asks for entries after the position, and a late answer does no harm."""
    node.clock.pump([CHECK_SECONDS] * 2)
    assert [after for after, _ in shared.reads] == [0, 0]
    for _, answer in shared.reads:
        answer.callback([placed(1, "a")])
    assert node.lines == ["a"]


def test_entries_that_come_twice_are_applied_once(node, shared):
    """The position tells that they were applied."""
    for position in (1, 2, 1, 2):
        shared.tell(placed(position, "ab"[position - 1]))
    assert node.lines == ["a", "b"]


def test_all_servers_apply_the_same_order(cluster):
    """The order is that of the log, for all who submit."""
    first, second, log = cluster
    for text in "abc":
        second.announce(text)
        first.announce(text.upper())
        first.clock.advance(0)
    first.clock.advance(1)
    assert first.lines == second.lines
    assert sorted(first.lines) == sorted("abcABC")
    assert first.log.position == len(log.entries)


# -- outcomes


def test_outcomes_and_refusals_reach_the_caller(cluster):
    """The caller waits until the operation is applied; a refusal is raised."""
    first, second, _ = cluster
    wanted = new_name("Ann")
    given = outcomes(first.log.submit(Rename(SessionKey("n1", 1), None, wanted, 0)))
    assert given == []
    first.clock.advance(0)
    refused = outcomes(second.log.submit(Rename(SessionKey("n2", 1), None, wanted, 0)))
    first.clock.advance(1)
    assert given == ["Ann"]
    assert refused == [ErrorCode.NAME_IN_USE]


def test_messages_have_their_receipt_on_the_server_of_their_sender(cluster):
    """Others deliver the messages without it."""
    first, second, _ = cluster
    ann = first.session()
    first.join(ann)
    first.clock.advance(0)
    receipt = ReceiptRequest(ann, "tag")
    first.log.say(first.room, ann, ["a", "b"], 0, receipt)
    first.clock.advance(1)
    assert (first.lines, first.receipts) == (["a", "b"], [receipt])
    assert (second.lines, second.receipts) == (["a", "b"], [None])
    assert first.refused == []


@pytest.mark.parametrize("tag", ["x", None])
def test_refused_messages_are_told_to_their_session(cluster, tag):
    """It reads the error with the tag of its request, if it asked for a receipt."""
    first, second, _ = cluster
    ann = first.session()
    first.join(ann)
    first.clock.advance(1)
    second.log.submit(Kick(By(None), "1", "1", new_name("Ann"), "", 0))
    first.log.say(first.room, ann, ["a"], 0, None if tag is None else ReceiptRequest(ann, tag))
    first.clock.advance(1)
    ((origin, error, refused_tag),) = first.refused
    assert (origin, error.code, refused_tag) == (ann, ErrorCode.NOT_IN_ROOM, tag)


def test_settled_returns_when_what_was_submitted_is_applied(cluster):
    """It does not wait for what is submitted later."""
    first, _, _ = cluster
    assert outcomes(first.log.settled()) == [None]
    first.announce("a")
    first.clock.advance(0)
    first.announce("b")
    lines = []

    async def wait():
        await first.log.settled()
        lines.extend(first.lines)

    Deferred.fromCoroutine(wait())
    first.announce("c")
    assert lines == []
    first.clock.advance(1)
    first.announce("d")
    assert lines == ["a", "b"]


@pytest.mark.parametrize("ended", ["closed", "user"])
def test_a_session_that_has_ended_may_not_submit(node, shared, ended):
    """The call is refused at once, and nothing is sent."""
    origin = node.session()
    if ended == "closed":
        origin.closed = True
    else:
        origin.user.closed = True
    with pytest.raises(ChatError) as caught:
        node.log.submit(Announce("1", "a", 0), origin)
    assert caught.value.code is ErrorCode.SESSION_CLOSED
    node.clock.advance(0)
    assert shared.appended == []


# -- the end of a server


def test_a_server_whose_end_is_in_the_log_gives_up(node, shared):
    """Its operations are refused, sent or not, and it submits nothing more."""
    ann = node.session()
    receipt = ReceiptRequest(ann, "x")
    sent = outcomes(node.log.submit(Announce("1", "a", 0)))
    node.log.say(node.room, ann, ["b"], 0, receipt)
    node.clock.advance(0)
    unsent = outcomes(node.log.submit(Announce("1", "c", 0)))
    settled = outcomes(node.log.settled())
    shared.tell(Placed(1, Entry("n2", 1, 7.0, (EndNode("n1", 0),))))
    assert node.log.is_ended
    assert (sent, unsent) == ([ErrorCode.UNAVAILABLE], [ErrorCode.UNAVAILABLE])
    assert settled == [None]
    assert outcomes(node.log.submit(Announce("1", "d", 0))) == [ErrorCode.UNAVAILABLE]
    node.log.say(node.room, ann, ["e"], 0)
    assert [(error.code, tag) for _, error, tag in node.refused] == [
        (ErrorCode.UNAVAILABLE, "x"),
        (ErrorCode.UNAVAILABLE, None),
    ]
    node.clock.pump([CHECK_SECONDS] * 3)
    assert len(shared.appended) == 1
    assert node.clock.getDelayedCalls() == []


def test_nothing_of_a_server_is_applied_after_its_end(node, shared):
    """Neither the rest of the entry that has the end, nor later entries."""
    rest = (Announce("1", "a", 0), EndNode("n2", 0), Announce("1", "b", 0))
    shared.tell(Placed(1, Entry("n2", 1, 7.0, rest)))
    shared.tell(placed(2, "c"))
    shared.tell(placed(3, "d", node="n3"))
    assert node.lines == ["a", "d"]


def test_an_own_entry_after_the_own_end_is_given_up_once(node, shared):
    """It was in the log already when the others took the server for dead."""
    given = outcomes(node.log.submit(Announce("1", "a", 0)))
    node.clock.advance(0)
    shared.tell(Placed(1, Entry("n2", 1, 7.0, (EndNode("n1", 0),))))
    shared.tell(Placed(2, shared.appended[0]))
    assert (given, node.lines) == ([ErrorCode.UNAVAILABLE], [])


def test_stop_submits_the_end_and_nothing_after_it(cluster):
    """Operations from before are applied; all servers know the end."""
    first, second, log = cluster
    first.announce("a")
    first.log.stop()
    first.log.stop()
    late = outcomes(first.log.submit(Announce("1", "b", 0)))
    settled = outcomes(first.log.settled())
    assert (late, settled) == ([ErrorCode.UNAVAILABLE], [])
    first.clock.advance(1)
    assert settled == [None]
    assert second.lines == ["a"]
    assert first.log.is_ended
    assert second.world.ended_nodes == {"n1"}
    assert sum(len(entry.operations) for _, entry in log.entries) == 2


# -- faults of ours


def test_a_fault_in_a_rule_costs_one_operation(node, shared, capture_log, monkeypatch):
    """It is logged, its caller gets the error, and the operations around it are applied."""
    apply = module.apply

    def fail(world, operation, seconds):
        if operation.text == "b":
            raise ZeroDivisionError
        return apply(world, operation, seconds)

    monkeypatch.setattr(module, "apply", fail)
    node.announce("a")
    faulty = node.log.submit(Announce("1", "b", 0))
    node.announce("c")
    node.clock.advance(0)
    shared.tell(Placed(1, shared.appended[0]))
    assert node.lines == ["a", "c"]
    with pytest.raises(ZeroDivisionError):
        result(wait_for(faulty))
    assert any("Applying an operation failed" in line for line in capture_log())


def test_outcomes_that_nobody_waits_for_are_no_unhandled_errors(node, shared):
    """Neither a refusal nor a fault is an error in a Deferred that is dropped."""
    events = []
    globalLogPublisher.addObserver(events.append)
    node.log.submit(Announce("9", "a", 0))
    node.log.submit("no operation")
    node.clock.advance(0)
    shared.tell(Placed(1, shared.appended.pop()))
    node.log.submit(Announce("1", "b", 0))
    shared.tell(Placed(2, Entry("n2", 1, 7.0, (EndNode("n1", 0),))))
    gc.collect()
    globalLogPublisher.removeObserver(events.append)
    assert [event["log_namespace"] for event in events] == ["chatd"], "the fault is logged once"


async def wait_for(awaitable):
    """Return the result of something that is awaited."""
    return await awaitable


def test_requests_are_refused_while_the_log_is_away(node, shared):
    """A client is answered after some seconds; the end of a session is kept for later."""
    origin = node.session()
    first = node.join(origin)
    node.clock.advance(0)
    node.clock.advance(AWAY_SECONDS)
    assert node.join(origin) == [ErrorCode.UNAVAILABLE]
    node.log.say(node.room, origin, ["hi"], 0)
    assert [error.code for _, error, _ in node.refused] == [ErrorCode.UNAVAILABLE]
    node.announce("later")
    assert first == []
    shared.tell(Placed(1, shared.appended[0]))
    assert len(first) == 1
    node.clock.advance(0)
    assert shared.appended[-1].operations == (Announce("1", "later", 0),)


def test_entries_that_the_log_has_lost_are_not_asked_for_again_and_again(node, shared):
    """They are asked for once a check, and nothing that comes after them is applied."""
    shared.tell(placed(9, "late"))
    ((_, answer),) = shared.reads
    answer.callback([placed(5, "too late")])
    assert (node.lines, len(shared.reads)) == ([], 1)
    node.clock.advance(CHECK_SECONDS)
    assert len(shared.reads) == 2


def test_a_refusal_that_cannot_be_told(node, shared):
    """A fault there does not keep the rest of the entry from being applied."""
    node.refuse = node.log._refuse = lambda *_: 1 // 0
    node.log.say(node.room, node.session(), ["hi"], 0)
    node.announce("next")
    node.clock.advance(0)
    shared.tell(Placed(1, shared.appended[0]))
    assert node.lines == ["next"]
