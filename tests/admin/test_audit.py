"""The audit: which commands are in it, in the log and in the store, and what it never has."""

import json

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import formatEventAsClassicLogText, globalLogPublisher

from chatd.admin.answer import Answer
from chatd.admin.audit import ACTS, entry_of, words_of
from chatd.admin.commands import execute
from chatd.admin.stdio import format_plain
from chatd.core.errors import StoreUnavailableError
from chatd.core.records import CONSOLE, Actor, ActorKind, AuditEntry
from chatd.daemon.logfile import format_json
from chatd.protocol.console_commands import CONSOLE_COMMANDS
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer

SHOWING = {
    *("help", "list", "rooms", "history", "who", "bans", "accounts"),
    *("top", "audit", "stats", "exit"),
}
"""The commands that change nothing."""

ROOT = Actor(ActorKind.SOCKET, "root")
ALICE = Actor(ActorKind.ACCOUNT, "alice")


@pytest.fixture
def server():
    """Return a server with two rooms."""
    return MemoryServer(rooms=(("1", "tea"), ("2", "food")))


def act(server, line, actor=CONSOLE, password="correct-horse"):
    """Execute a line for an administrator, who answers questions with a password."""

    async def prompt(_):
        return password

    context = server.service.consoles.context
    done = Deferred.fromCoroutine(execute(context, line, prompt, actor=actor))
    return done.result


def test_every_command_is_audited_or_changes_nothing():
    """A new command has to say which of the two it is."""
    assert ACTS.keys() | SHOWING == CONSOLE_COMMANDS.keys()
    assert not ACTS.keys() & SHOWING


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("start 3 Deep water", "started chatroom 3"),
        ("end 2", "ended chatroom 2"),
        ("kick bob 1", "kicked Bob out of chatroom 1"),
        ("kick bob 1 60 lines of  spam", "kicked Bob out of chatroom 1: 60 lines of spam"),
        ("mute bob 1 10", "muted Bob in chatroom 1 for 10 minutes"),
        ("mute bob 1", "muted Bob in chatroom 1"),
        ("group 2 bob ann", "moved Bob Ann into chatroom 2"),
        ("group 2 zoe bob", "moved Bob into chatroom 2"),
        ("say 1 lunch", "spoke in chatroom 1"),
        ("ban bob", "banned Bob"),
        ("ban bob spam", "banned Bob: spam"),
        ("ban 2001:db8::1 1", "banned 2001:db8::/64 for 1 minute"),
        ("`ban bob 60 spam", "banned Bob for 60 minutes: spam"),
        ("register zoe", "registered zoe"),
        ("trace off", "switched the trace off"),
        ("quit", "stopped the server"),
    ],
)
def test_what_is_done(server, capture_log, line, words):
    """The entry names what the command acted on, as the server spells it."""
    server.join("1", "Bob")
    server.join("1", "Ann")
    logged = capture_log
    server.turn(7)
    act(server, line)
    (entry,) = result(server.service.store.audit_entries(9))
    assert (entry.time, entry.actor, words_of(entry)) == (7.0, CONSOLE, words)
    assert entry.act == line.removeprefix("`").split()[0]
    assert f"System: console {words}" in logged()


def result(coroutine):
    """Return the result of a coroutine that does not wait."""
    return Deferred.fromCoroutine(coroutine).result


def test_acts_on_accounts(server, capture_log):
    """The account is named; its password is nowhere."""
    logged = capture_log
    for line in ("register zoe", "passwd ZOE", "ban zoe", "unban ZOE", "unregister zoe"):
        assert not act(server, line, ROOT).failed
    assert [line.split(" ", 2)[2] for line in act(server, "audit").lines] == [
        "UTC root over the socket registered zoe",
        "UTC root over the socket set the password of zoe",
        "UTC root over the socket banned zoe",
        "UTC root over the socket unbanned zoe",
        "UTC root over the socket unregistered zoe",
    ]
    shown = [*logged(), repr(result(server.service.store.audit_entries(99)))]
    assert "correct-horse" not in "".join(shown)


@pytest.mark.parametrize(
    "line",
    ["kick zoe 1", "ban", "ban Bob 0", "unban Bob", "start 1 x", "end 9", "group 1 zoe", "foo", ""],
)
def test_what_fails_is_not_audited(server, line):
    """Nothing was done."""
    assert act(server, line).failed or not line
    assert act(server, "audit").lines == ["Administrator: Nothing was done."]


@pytest.mark.parametrize("line", sorted(SHOWING))
def test_what_only_shows_is_not_audited(server, line):
    """Nothing was done."""
    act(server, f"{line} 1" if line == "history" else line)
    assert act(server, "audit").data == []


def test_audit(server):
    """The last entries, oldest first, for people and for programs."""
    for number in range(25):
        act(server, f"say 1 {number}")
    act(server, "ban Bob 60 spam", ALICE)
    assert len(act(server, "audit").lines) == 20
    assert len(act(server, "audit 999999999999999").lines) == 26
    answer = act(server, "audit 2")
    assert answer.lines == [
        "1970-01-01 00:00:00 UTC console spoke in chatroom 1",
        "1970-01-01 00:00:00 UTC alice banned Bob for 60 minutes: spam",
    ]
    assert json.loads(json.dumps(answer.data[-1])) == {
        "time": "1970-01-01T00:00:00Z",
        "via": "account",
        "actor": "alice",
        "act": "ban",
        "subject": "Bob",
        "room": None,
        "minutes": 60,
        "reason": "spam",
    }
    assert act(server, "audit 0").data["code"] == "usage"


def test_a_long_subject():
    """Of the names of thousands of users the first ones are kept."""
    answer = Answer(data={"room": "1", "names": ["Bob"] * 5000})
    entry = entry_of("group", {}, answer, CONSOLE, 0.0)
    assert len(entry.subject) == 1001


def test_a_store_that_fails(capture_log):
    """The act is not undone, and the log says that the store lacks the entry."""

    class FailingStore(MemoryStore):
        async def add_audit_entry(self, entry):  # noqa: ARG002 -- as the true one
            raise StoreUnavailableError("disk full")

    server = MemoryServer(store=FailingStore())
    logged = capture_log
    assert act(server, "ban Bob").lines == ["Administrator: Bob was banned."]
    assert logged() == [
        "System: console banned Bob",
        "System: the entry above is not in the audit of the store: disk full",
    ]
    assert act(server, "audit").data == []


def test_nobody_waits_for_the_store():
    """A slow store does not delay the answer; `audit` waits until it has every entry."""
    stored = Deferred()

    class SlowStore(MemoryStore):
        async def add_audit_entry(self, entry):
            await stored
            await super().add_audit_entry(entry)

    server = MemoryServer(store=SlowStore(), rooms=(("1", "tea"),))
    assert not act(server, "say 1 hi").failed
    lines = server.console("audit")
    assert lines == []
    stored.callback(None)
    assert lines == ["1970-01-01 00:00:00 UTC console spoke in chatroom 1"]


def test_where_an_act_is_printed(server):
    """Standard output has no line for its own console, unless the log is JSON; it has the others.

    A log file has all of them.
    """
    events = []
    globalLogPublisher.addObserver(events.append)
    for actor in (CONSOLE, ROOT, ALICE):
        act(server, "say 1 hi", actor)
    globalLogPublisher.removeObserver(events.append)
    assert [line for event in events for line in format_plain(event)] == [
        "System: root over the socket spoke in chatroom 1",
        "System: alice spoke in chatroom 1",
    ]
    actors = [json.loads(format_json(event))["actor"] for event in events]
    assert actors == [None, "root", "alice"]
    assert "System: console spoke in chatroom 1" in formatEventAsClassicLogText(events[0])


def test_a_line_of_the_log_cannot_be_forged(server, capture_log):
    """An act is one line, whatever a name or a reason contains."""
    logged = capture_log
    entry = AuditEntry(
        0.0, Actor(ActorKind.SOCKET, "a\nb"), "ban", "x\ny", "", None, "z\nSystem: x"
    )
    server.service.consoles.context.audit.add(entry)
    assert logged() == [r"System: a\nb over the socket banned x\ny: z\nSystem: x"]
