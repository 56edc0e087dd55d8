"""Requests as JSON (spec section 7): one object a frame. For events see json_events.py.

The server decodes requests, the line client encodes them. A frame that is no object, is nested too
deeply or cannot be written as UTF-8 again is an error of the peer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.sanitize import UNPRINTABLE, sanitize, translator
from chatd.core.suggest import nearest
from chatd.protocol.command import OFF, ON, ON_OFF, Command, Request

Fields = dict[str, Any]

# json.dumps would make one for every object.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

# JSON escapes C0 itself.
_escape = translator({code: f"\\u{code:04x}" for code in UNPRINTABLE})


def decode_request(text: str, commands: dict[str, Command]) -> Request:
    """Return the request in a frame; raise `ChatError` if there is none."""
    fields = load(text)
    name, tag = fields.get("command"), fields.get("tag")
    if not isinstance(tag, str | None):
        raise ChatError(ErrorCode.BAD_JSON, reason="tag must be a string")
    if not isinstance(name, str):
        raise InvalidRequestError(
            ChatError(ErrorCode.BAD_JSON, reason="command must be a string"), None, tag
        )
    command = commands.get(name)
    if command is None:
        near = nearest(name, commands)
        suggestion = {} if near is None else {"suggestion": near}
        raise InvalidRequestError(
            ChatError(ErrorCode.UNKNOWN_COMMAND, command=sanitize(name), **suggestion), name, tag
        )
    try:
        return Request(name, command.check(_arguments(fields, command)), tag)
    except ChatError as error:
        raise InvalidRequestError(error, name, tag) from None


class InvalidRequestError(ChatError):
    """A frame in JSON that is no valid request, with the command and the tag for the reply."""

    def __init__(self, error: ChatError, command: str | None, tag: str | None) -> None:
        super().__init__(error.code, **error.params)
        self.command = command
        self.tag = tag


_UNKNOWN = Command("", "")
_NAMES = ("command", "tag")


def mask(text: str, commands: dict[str, Command]) -> str:
    """Return a request for the trace: passwords and private messages are masked."""
    try:
        fields = load(text)
    except ChatError:
        return "(no request in JSON)"
    command = commands.get(str(fields.get("command")), _UNKNOWN)
    named: Fields = {key: fields.pop(key) for key in _NAMES if isinstance(fields.get(key), str)}
    return dump({**named, **command.mask(fields)})


def encode_request(request: Request) -> str:
    """Return the frame for `request`, without its end."""
    fields: Fields = {"command": request.command, **request.arguments}
    if request.tag is not None:
        fields["tag"] = request.tag
    return dump(fields)


def dump(fields: Mapping[str, object]) -> str:
    """Return an object as a frame without its end; what a terminal acts on is escaped."""
    return _escape(_encode(fields))


def quote(text: str) -> str:
    """Return `text` as a string in JSON, as it is in a frame."""
    return _escape(_encode(text))


def load(text: str) -> Fields:
    """Return the object in a frame; raise `ChatError` if there is none."""
    try:
        fields = json.loads(text)
    except RecursionError:
        raise ChatError(ErrorCode.BAD_JSON, reason="nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ChatError(
            ErrorCode.BAD_JSON, reason=f"{error.msg}, at character {error.pos}"
        ) from None
    except ValueError:
        raise ChatError(ErrorCode.BAD_JSON, reason="a number is too long") from None
    if not isinstance(fields, dict):
        raise ChatError(ErrorCode.BAD_JSON, reason="not an object")
    if "\\u" in text:  # half a surrogate pair comes only as an escape
        try:
            _encode(fields).encode()
        except UnicodeEncodeError:
            raise ChatError(ErrorCode.BAD_JSON, reason="half a surrogate pair") from None
    return fields


def _arguments(fields: Fields, command: Command) -> dict[str, str]:
    arguments = {}
    for parameter in command.parameters:
        value = fields.get(parameter.name)
        if isinstance(value, str):
            arguments[parameter.name] = sanitize(value)
        elif parameter.number and type(value) is int:
            arguments[parameter.name] = str(value)
        elif type(value) is bool and parameter.choices == ON_OFF:
            arguments[parameter.name] = ON if value else OFF
        elif value is not None:
            raise command.usage_error()
    return arguments
