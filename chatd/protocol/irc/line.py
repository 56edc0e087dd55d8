r"""Lines of IRC (RFC 1459, IRCv3 message tags): a command with tags, a source and parameters.

    @time=2026-11-20T14:51:16.042Z;msgid=tea/7 :Ann!~ann@chatd/guest PRIVMSG #tea :hi there

A parser of our own, because lines are most of what the IRC gateway does: irctokens, which the tests
use as a second opinion, takes four times as long, and has nothing else that is needed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

MAX_LINE: Final = 512
"""How many bytes a line has at most, with its end and without its tags (RFC 1459)."""

MAX_TAGS: Final = 4096
"""How many bytes the tags of a client have at most, with the `@` and the blank behind them."""

MAX_BODY: Final = MAX_LINE - 2
"""How many bytes a line has at most without its end and its tags."""

_ESCAPES: Final = {";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"}
_UNESCAPES: Final = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ESCAPED: Final = re.compile(r"\\(.?)", re.DOTALL)
_TO_ESCAPE: Final = re.compile(r"[; \\\r\n]")
_WITH_TEXT: Final = {"NICK": 1, "QUIT": 1, "PART": 2, "TOPIC": 2, "KICK": 3}
"""The commands whose last parameter some clients find by its colon, if there are so many.

ii takes a NICK without it for another line, and so does not know its own name any more.
"""

# A character that would end a line, or is not allowed in one.
_UNSAFE: Final = re.compile("[\r\n\0]+")


class Line(NamedTuple):
    """A line of a client: its command in capitals, its parameters, and its tags, unescaped.

    A tag without a value has the value "". The source is left out: a client's means nothing.
    """

    command: str
    params: list[str]
    tags: Mapping[str, str] = {}


def parse(text: str) -> Line | None:
    """Return the line in `text`, which has no end; None if there is no command in it."""
    tags: Mapping[str, str] = {}
    if text.startswith("@"):
        tag_text, _, text = text[1:].partition(" ")
        tags = parse_tags(tag_text)
        text = text.lstrip(" ")
    if text.startswith(":"):
        text = text.partition(" ")[2].lstrip(" ")
    body, has_trailing, trailing = text.partition(" :")
    params = [word for word in body.split(" ") if word]
    if not params:
        return None
    command = params.pop(0).upper()
    if has_trailing:
        params.append(trailing)
    return Line(command, params, tags)


def parse_tags(text: str) -> dict[str, str]:
    """Return the tags in `text`, unescaped; of several values of a tag, the last one counts."""
    tags = {}
    for tag in text.split(";"):
        name, _, value = tag.partition("=")
        if name:
            tags[name] = unescape(value)
    return tags


def escape(value: str) -> str:
    """Return the value of a tag as it is sent."""
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], value)


def unescape(value: str) -> str:
    """Return the value of a tag that was sent."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: _UNESCAPES.get(found[1], found[1]), value)


def tag(name: str, value: str = "") -> str:
    """Return a tag as it is sent."""
    return f"{name}={escape(value)}" if value else name


def line(source: str, command: str, *params: str, tags: str = "") -> str:
    """Return a line with its end, cut to the length that is allowed.

    `tags` are escaped already, with a `;` between two of them. The last of the parameters may have
    blanks, or be empty.
    """
    words = [f":{source}", command] if source else [command]
    if params:
        *middle, last = params
        words += (_middle(param) for param in middle)
        is_text = command in _WITH_TEXT and len(params) >= _WITH_TEXT[command]
        is_trailing = is_text or _is_trailing(last)
        words.append(f":{_UNSAFE.sub(' ', last)}" if is_trailing else last)
    body = cut(" ".join(words), MAX_BODY)
    return f"@{tags} {body}\r\n" if tags else f"{body}\r\n"


def cut(text: str, size: int) -> str:
    """Return as many characters of `text` as `size` bytes hold."""
    if 4 * len(text) <= size:
        return text
    encoded = text.encode()
    return text if len(encoded) <= size else encoded[:size].decode(errors="ignore")


def _is_trailing(param: str) -> bool:
    return not param or param.startswith(":") or " " in param or _UNSAFE.search(param) is not None


def _middle(param: str) -> str:
    """Return a parameter that is not the last one: a client would take a blank for its end."""
    if not _is_trailing(param):
        return param
    return _UNSAFE.sub("_", param).replace(" ", "_").lstrip(":") or "*"
