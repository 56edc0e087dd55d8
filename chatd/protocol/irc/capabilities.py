"""The capabilities that IRC clients negotiate, and those that change what others' events look like.

Two clients that have the same *shared* capabilities read the same bytes of an event, so they share
a codec. The others concern what a client is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MESSAGE_TAGS: Final = "message-tags"
SERVER_TIME: Final = "server-time"
ACCOUNT_TAG: Final = "account-tag"
BATCH: Final = "batch"
MULTILINE: Final = "draft/multiline"
EXTENDED_JOIN: Final = "extended-join"
SETNAME: Final = "setname"
AWAY_NOTIFY: Final = "away-notify"
ACCOUNT_NOTIFY: Final = "account-notify"
REDACTION: Final = "draft/message-redaction"
INVITE_NOTIFY: Final = "invite-notify"
ECHO_MESSAGE: Final = "echo-message"
LABELED_RESPONSE: Final = "labeled-response"
MULTI_PREFIX: Final = "multi-prefix"
USERHOST_IN_NAMES: Final = "userhost-in-names"
NO_IMPLICIT_NAMES: Final = "no-implicit-names"
EXTENDED_MONITOR: Final = "extended-monitor"
CHATHISTORY: Final = "draft/chathistory"
READ_MARKER: Final = "draft/read-marker"
SASL: Final = "sasl"
CAP_NOTIFY: Final = "cap-notify"
STS: Final = "sts"
REGISTRATION: Final = "draft/account-registration"

SHARED: Final = frozenset(
    {
        MESSAGE_TAGS,
        SERVER_TIME,
        ACCOUNT_TAG,
        BATCH,
        MULTILINE,
        EXTENDED_JOIN,
        SETNAME,
        AWAY_NOTIFY,
        ACCOUNT_NOTIFY,
        REDACTION,
        INVITE_NOTIFY,
    }
)
"""The capabilities that change the bytes of events."""

LEAST_NEEDED: Final = (ACCOUNT_NOTIFY, AWAY_NOTIFY, SETNAME, INVITE_NOTIFY, REDACTION)
"""Shared capabilities that a client may do without if there are too many codecs, in this order."""


def available(max_bytes: int, max_lines: int, mechanisms: str) -> Mapping[str, str]:
    """Return the capabilities with their values, "" for none, in the order of their names.

    `max_bytes` and `max_lines` are those of a message, `mechanisms` the ones of SASL.
    """
    values = {
        MULTILINE: f"max-bytes={max_bytes},max-lines={max_lines}",
        SASL: mechanisms,
    }
    names = (
        *(*SHARED, ECHO_MESSAGE, LABELED_RESPONSE, MULTI_PREFIX, USERHOST_IN_NAMES),
        *(NO_IMPLICIT_NAMES, EXTENDED_MONITOR, CHATHISTORY, READ_MARKER, SASL, CAP_NOTIFY),
        *(REGISTRATION, "draft/pre-away", "standard-replies"),
    )
    return {name: values.get(name, "") for name in sorted(names)}


def shared(capabilities: frozenset[str]) -> frozenset[str]:
    """Return those of some capabilities that decide the codec.

    A multi-line message is a batch, and has tags. A batch alone changes nothing.
    """
    found = capabilities & SHARED
    if not {BATCH, MULTILINE} <= found:
        found -= {BATCH, MULTILINE}
    return found
