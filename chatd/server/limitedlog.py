"""Lines of the log that anybody who can connect causes, in limited numbers.

Of each kind some lines a minute are logged one by one. Then one line tells how many more there were
and from how many addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger, LogLevel

from chatd.core.events import Address
from chatd.core.network import host_of
from chatd.core.sanitize import escape_line

LINES_PER_MINUTE: Final = 600
"""How many lines of one kind are logged one by one in a minute."""

_log = Logger(namespace="chatd")

_MINUTE: Final = 60.0
_NO_DATA: Final[Mapping[str, object]] = MappingProxyType({})
_MAX_ADDRESSES: Final = 10_000


class LimitedLines:
    """Lines of one kind, whose format is `line`; those past the limit become one line `summary`.

    At most `per_minute` lines are logged in a minute. `event` is their name in JSON. A summary has
    the fields `count` and `addresses`. It is logged when the minute ends that began with the first
    line.
    """

    def __init__(
        self,
        clock: IReactorTime,
        event: str,
        line: str,
        summary: str,
        level: LogLevel = LogLevel.info,
        *,
        per_minute: int = LINES_PER_MINUTE,
    ) -> None:
        self._clock = clock
        self._event = event
        self._line = line
        self._summary = summary
        self._level = level
        self._per_minute = per_minute
        self._began = -_MINUTE
        self._logged = 0
        self._more = 0
        self._addresses: set[object] = set()

    def log(
        self, peer: Address | None, data: Mapping[str, object] = _NO_DATA, **words: object
    ) -> None:
        """Log a line, or count it; `words`, which fill its format, must be safe to print.

        Among `words` may be `log_failure`, whose traceback follows the line.

        `data` has the fields of the line in JSON beside the address of `peer`.
        """
        now = self._clock.seconds()
        if self._logged >= self._per_minute or now - self._began >= _MINUTE:
            if now - self._began < _MINUTE:
                self._count(peer)
                return
            self._began, self._logged = now, 0
        self._logged += 1
        if peer is not None:
            words["peer"] = escape_address(peer)
        fields = {"event": self._event, **data, **address_fields(peer)}
        _log.emit(self._level, self._line, fields=fields, **words)

    def _count(self, peer: Address | None) -> None:
        if not self._more:
            wait = self._began + _MINUTE - self._clock.seconds()
            self._clock.callLater(wait, self.flush)
        self._more += 1
        if len(self._addresses) < _MAX_ADDRESSES:
            self._addresses.add(host_of(peer))

    def flush(self) -> None:
        """Log the summary."""
        more, count, self._more = self._more, len(self._addresses), 0
        self._addresses = set()
        addresses = f"{count} or more" if count == _MAX_ADDRESSES else count
        fields = {"event": self._event, "count": more, "addresses": count}
        _log.emit(self._level, self._summary, n=more, addresses=addresses, fields=fields)


def address_fields(peer: Address | None) -> dict[str, object]:
    """Return `address` and `port` of a peer; a UNIX socket has no port, and None has neither."""
    if peer is None:
        return {}
    if isinstance(peer, str):
        return {"address": peer}
    return {"address": peer[0], "port": peer[1]}


def escape_address(peer: Address) -> str:
    """Return the address of a peer, as a line of the log shows it."""
    # A class of its own, with a name, is told as a plain pair.
    return escape_line(str(tuple(peer) if isinstance(peer, tuple) else peer))
