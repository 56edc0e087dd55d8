"""Folded joins, for random steps: every reader is told of every join, once and in order."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.core.events import (
    Notice,
    PrivateMessage,
)
from chatd.core.world.effects import Told
from tests.fanout.joining import JSON, JoiningHarness


class Witness:
    """The session of a user in a test, and what it should read of the joins to room 1.

    `due` has the names of the users who have joined since it is in the room and of whom it was not
    told yet.
    """

    def __init__(self, session):
        self.session = session
        self.due = []

    def read(self):
        """Account for all that the session reads: a join by a line, or by a number."""
        for line in self.session.read():
            name, _, rest = line.removeprefix("Server: ").partition(" ")
            name = name.removesuffix(":")
            if rest == "joined us @chatroom 1.":
                assert self.due.pop(0) == name
            elif rest == "others joined us @chatroom 1.":
                assert 1 < int(name) <= len(self.due)
                del self.due[: int(name)]
            else:
                assert name not in self.due, line


class JoinsMachine:
    """Twelve users who read text, whose steps it carries out, and a program in room 1."""

    def __init__(self):
        self.harness = JoiningHarness()
        self.witnesses = [Witness(self.harness.session(f"u{n}")) for n in range(12)]
        self.program = self.harness.session("program", JSON)
        self.harness.join(self.program)
        self.joins = []

    def do(self, step, number, other):
        """Carry out a step of one user; `other` is the number of another one."""
        witness = self.witnesses[number]
        is_member = witness in self.members()
        if step in TIMES:
            self.harness.clock.advance(TIMES[step])
        elif step == "join":
            if not is_member:
                self.join(witness.session)
        elif is_member or step == "answer":
            getattr(self, step)(witness, self.witnesses[other])
        for each in self.witnesses:
            each.read()

    def members(self):
        """Return the users in room 1."""
        room = self.harness.rooms["1"]
        return [each for each in self.witnesses if room in each.session.user.rooms]

    def join(self, session):
        """Let a user join, of which all others are to be told."""
        name = session.user.name
        for member in self.members():
            member.due.append(name)
        self.joins.append(name)
        self.harness.join(session)

    def leave(self, witness, _):
        """Let a user leave, who is told before of all the others."""
        self.harness.leave(witness.session)
        witness.read()
        assert witness.due == []

    def say(self, witness, _):
        self.harness.say(witness.session)

    def rename(self, witness, _):
        self.harness.rename(witness.session, f"{witness.session.user.name}+")

    def whisper(self, witness, other):
        psst = PrivateMessage(witness.session.user.name, "psst", 0.0)
        self.harness.router.tell(Told(other.session.user, psst))

    def answer(self, witness, _):
        self.harness.fanout.send(witness.session, Notice("Server", "answer", 0.0))

    def check_end(self):
        """Let the last window end, after which nobody is due."""
        self.harness.end_window()
        for witness in self.witnesses:
            witness.read()
            assert witness.due == []
        events = map(json.loads, self.program.read())
        assert [event["who"] for event in events if event["event"] == "joined"] == self.joins


TIMES = {"turn": 0, "half": 0.5, "second": 1}
"""How many seconds pass in the steps that are for all users."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["join"] * 8 + ["leave", "say", "rename", "whisper", "answer", *TIMES],
        ),
        st.integers(0, 11),
        st.integers(0, 11),
    ),
    min_size=30,
    max_size=120,
)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_every_join_is_accounted_for(steps):
    """Each reader is told once of each later join, in order, before anything else by that user."""
    machine = JoinsMachine()
    for step in steps:
        machine.do(*step)
    machine.check_end()
