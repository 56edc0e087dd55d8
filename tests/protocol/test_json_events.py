"""The declared events: complete, described in the documentation, and read as they were written."""

import json
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ErrorCode
from chatd.core.events import (
    DisconnectReason,
    Event,
    Joined,
    JoinsFolded,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    MessageKind,
    Moved,
    Muted,
    NewsOfUsers,
    Notice,
    PrivateMessage,
    Renamed,
    RoomClosed,
    Unmuted,
)
from chatd.core.room_events import (
    Invited,
    MessageDeleted,
    ReadUpTo,
    RoleChanged,
    RoomBanned,
    RoomChanged,
    RoomUnbanned,
)
from chatd.core.rooms import Role
from chatd.protocol import received
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.json_decoder import decode_event
from chatd.protocol.json_encoder import encode
from chatd.protocol.json_events import EVENTS
from chatd.protocol.json_kinds import SETTINGS
from chatd.protocol.replies import History, Receipt, RoomInfo, RoomList

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")

WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
NO_WORD = st.none() | WORD
BOOL = st.booleans()
ID = st.integers(1)
MINUTES = st.none() | ID
ADDRESS = st.one_of(st.tuples(WORD, st.integers(0, 65535)), st.just("unix"), st.none())
TIME = st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000)
ROW = st.builds(RoomInfo, WORD, WORD, st.lists(st.tuples(WORD, ADDRESS)).map(tuple))
ROLE = st.sampled_from([role.value for role in Role])
CHANGE = st.one_of(
    st.tuples(st.just("topic"), WORD),
    st.tuples(st.just("limit"), st.none() | ID),
    st.tuples(st.sampled_from(sorted(SETTINGS.keys() - {"topic", "limit"})), BOOL),
).map(lambda item: dict([item]))
KIND = st.sampled_from([MessageKind.TEXT, MessageKind.ACTION])
SAID = st.builds(Message, WORD, ID, WORD, WORD, TIME, st.none(), BOOL, KIND, BOOL, st.just(False))
DELETED = SAID.map(lambda said: said._replace(text="", is_deleted=True))

SENT = {
    Message: SAID | DELETED,
    Joined: st.builds(Joined, WORD, WORD, ADDRESS, TIME, BOOL),
    Left: st.builds(
        Left, WORD, WORD, ADDRESS, st.sampled_from(LeaveReason), TIME, BOOL, NO_WORD, NO_WORD
    ),
    Renamed: st.builds(Renamed, WORD, WORD, TIME),
    RoomClosed: st.builds(RoomClosed, WORD, TIME),
    Muted: st.builds(Muted, WORD, WORD, WORD, TIME, MINUTES, WORD, BOOL),
    Unmuted: st.builds(Unmuted, WORD, WORD, WORD, TIME, WORD, BOOL),
    RoleChanged: st.builds(RoleChanged, WORD, WORD, ROLE, WORD, TIME, WORD, BOOL),
    RoomChanged: st.builds(RoomChanged, WORD, WORD, TIME, CHANGE),
    RoomBanned: st.builds(RoomBanned, WORD, WORD, WORD, TIME, MINUTES, NO_WORD),
    RoomUnbanned: st.builds(RoomUnbanned, WORD, WORD, WORD, TIME),
    Invited: st.builds(Invited, WORD, WORD, WORD, TIME, st.none()),
    MessageDeleted: st.builds(MessageDeleted, WORD, ID, WORD, TIME),
    ReadUpTo: st.builds(ReadUpTo, WORD, ID),
    Notice: st.builds(Notice, WORD, WORD, TIME, NO_WORD),
    PrivateMessage: st.builds(PrivateMessage, WORD, WORD, TIME, NO_WORD, st.none(), BOOL, BOOL),
    RoomList: st.builds(RoomList, st.lists(ROW).map(tuple), NO_WORD),
    Receipt: st.builds(Receipt, WORD, ID, NO_WORD),
}
"""Examples of all events and replies that are written as the object of the same class."""

EXAMPLES = st.one_of(*SENT.values())


@given(EXAMPLES)
def test_round_trip(event):
    """The client reads the event that the server has written, to the millisecond."""
    (frame,) = encode(event)
    read = decode_event(frame)
    if hasattr(event, "time"):
        assert read.time == pytest.approx(event.time, abs=0.0011)
        read = type(read)(**{**fields(read), "time": event.time})
    assert read == event


def fields(event):
    """Return the fields of an event."""
    names = getattr(event, "_fields", None) or [field.name for field in dataclass_fields(event)]
    return {name: getattr(event, name) for name in names}


@given(EXAMPLES)
def test_event_is_one_line_of_json(event):
    """A frame is one object and holds no newline, so that it fits both framings."""
    (frame,) = encode(event)
    assert "\n" not in frame
    assert isinstance(json.loads(frame), dict)


def test_every_event_is_declared():
    """A client can read every event and every reply.

    Three events are written as several others, one is for text alone, and some are for neither.
    """
    others = {MessageBatch, Kicked, Moved, JoinsFolded, *get_args(NewsOfUsers)}
    kinds = {*get_args(Event), *get_args(received.Reply)} - others
    assert {shape.kind for shape in EVENTS} == kinds
    assert SENT.keys() == kinds - {received.Ok, received.Error, received.Disconnect, History}


def test_names_are_unique():
    """An object is told from others by its `event`."""
    names = [shape.event for shape in EVENTS]
    assert len(names) == len(set(names))


NOON = {"time": "1970-01-01T00:00:07.500Z"}


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (Renamed("Alice", "Bob", 7.5), {"event": "renamed", "who": "Alice", "to": "Bob", **NOON}),
        (
            Muted("1", "Bob", "Administrator", 7.5, 30, "tea"),
            {
                "event": "muted",
                "room": "1",
                "who": "Bob",
                "by": "Administrator",
                "minutes": 30,
                "room_name": "tea",
                **NOON,
            },
        ),
        (
            Unmuted("1", "Bob", "amy", 7.5, "tea", is_self=True),
            {
                "event": "unmuted",
                "room": "1",
                "who": "Bob",
                "by": "amy",
                "room_name": "tea",
                "self": True,
                **NOON,
            },
        ),
        (
            PrivateMessage("al", "psst", 7.5, "Bob"),
            {"event": "secret", "from": "al", "to": "Bob", "text": "psst", **NOON},
        ),
        (
            PrivateMessage("al", "psst", 7.5, is_kept=True),
            {"event": "secret", "from": "al", "text": "psst", "kept": True, **NOON},
        ),
        (
            Joined("1", "al", "unix", 7.5, is_self=True),
            {"event": "joined", "room": "1", "who": "al", "address": "unix", "self": True, **NOON},
        ),
        (
            RoleChanged("1", "Bob", "operator", "al", 7.5),
            {
                "event": "role",
                "room": "1",
                "who": "Bob",
                "role": "operator",
                "by": "al",
                "room_name": "",
                **NOON,
            },
        ),
        (
            RoleChanged("1", "Bob", "none", "al", 7.5, "tea", is_self=True),
            {
                "event": "role",
                "room": "1",
                "who": "Bob",
                "role": "none",
                "by": "al",
                "room_name": "tea",
                "self": True,
                **NOON,
            },
        ),
        (
            RoomChanged("1", "al", 7.5, {"limit": None}),
            {"event": "room-changed", "room": "1", "by": "al", "limit": None, **NOON},
        ),
        (
            RoomBanned("1", "Bob", "al", 7.5, 30, "spam"),
            {
                "event": "banned",
                "room": "1",
                "who": "Bob",
                "by": "al",
                "minutes": 30,
                "text": "spam",
                **NOON,
            },
        ),
        (
            RoomUnbanned("1", "Bob", "al", 7.5),
            {"event": "unbanned", "room": "1", "who": "Bob", "by": "al", **NOON},
        ),
        (
            Invited("1", "tea", "al", 7.5),
            {"event": "invited", "room": "1", "room_name": "tea", "by": "al", **NOON},
        ),
        (
            MessageDeleted("1", 7394, "al", 7.5),
            {"event": "deleted", "room": "1", "id": 7394, "by": "al", **NOON},
        ),
        (ReadUpTo("1", 7394), {"event": "read", "room": "1", "id": 7394}),
        (
            Message("1", 7394, "al", "", 7.5, is_deleted=True),
            {"event": "said", "room": "1", "id": 7394, "from": "al", "deleted": True, **NOON},
        ),
    ],
)
def test_fields(event, fields):
    """An object has the fields of the documentation, and nothing empty."""
    (frame,) = encode(event)
    assert json.loads(frame) == fields
    assert decode_event(frame) == event


def test_a_notice_is_a_message_as_any_other():
    """Programs that know no kinds but actions read it."""
    said = Message("1", 7394, "al", "hi", 7.5)
    assert encode(said._replace(kind=MessageKind.NOTICE)) == encode(said)
    batch = MessageBatch("1", 7394, "al", ["hi"], 7.5)
    assert encode(batch._replace(kind=MessageKind.NOTICE)) == encode(batch) == encode(said)


def test_the_account_that_invites_is_not_sent():
    """As with messages, it is for the server alone."""
    assert encode(Invited("1", "tea", "al", 7.5, 12)) == encode(Invited("1", "tea", "al", 7.5))


@pytest.mark.parametrize("event", [shape.event for shape in EVENTS])
def test_every_event_is_documented(event):
    """docs/protocol.md has an example of each event."""
    assert f'{{"event":"{event}"' in DOCUMENTATION


CONSOLE_CODES = {
    ErrorCode.BAD_ADDRESS,
    ErrorCode.BANNED,
    ErrorCode.LOCAL_ADDRESS,
    ErrorCode.NETWORK_TOO_LARGE,
    ErrorCode.NO_SUCH_ACCOUNT,
}
"""Codes of errors that only the administrator reads; a client that is banned is disconnected."""


@pytest.mark.parametrize("code", sorted(set(ErrorCode) - CONSOLE_CODES))
def test_every_error_code_is_documented(code):
    """docs/protocol.md has a line for each code of an error that a client can get."""
    assert f"| `{code}` |" in DOCUMENTATION


@pytest.mark.parametrize("reason", DisconnectReason)
def test_every_closing_code_is_documented(reason):
    """docs/protocol.md names the codes of `closing`."""
    assert f"`{reason.code}`" in DOCUMENTATION


@pytest.mark.parametrize("command", CLIENT_COMMANDS)
def test_every_command_is_documented(command):
    """docs/protocol.md names each command."""
    assert f"`{command}" in DOCUMENTATION
