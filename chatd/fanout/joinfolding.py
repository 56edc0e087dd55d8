"""When many users join a room at once: text has a line for the first ones and counts the others.

`JoinFolding` decides which joins are folded, by the clock; the fan-out keeps those of a room as
`FoldedJoins` until it tells of them. Knows no codec: JSON has every join all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, Protocol

from chatd.core.events import Joined, JoinsFolded, RoomEvent
from chatd.core.rooms import Room

MAX_LINES: Final = 5
"""How many joins of a room have a line of their own in a window."""

WINDOW_SECONDS: Final = 1.0
"""How long a window is; it starts with a join."""


class Clock(Protocol):
    """The part of a reactor that the folding of joins uses."""

    def seconds(self) -> float:
        """Return the time, by the clock that measures durations."""

    def callLater(self, delay: float, call: Callable[..., None], *args: object) -> Any:
        """Call after `delay` seconds, unless the call is cancelled."""


class Folder(Protocol):
    """The part of the fan-out that the folding of joins uses."""

    def append(self, events: Mapping[Room, RoomEvent]) -> None:
        """Add an event to those of a room."""

    def fold(self, room: Room, joined: Joined) -> None:
        """Add a join of which text tells in the next `unfold`."""

    def unfold(self, room: Room) -> int:
        """Tell of the joins that were folded; return how many these are."""


class FoldedJoins:
    """The joins of a room of which text has not told yet, from the first one on, `joined`.

    `known` has the readers that need not be told of all of them, with the number of the joins that
    they know: those up to their own, for a user who is among them.
    """

    __slots__ = ("_last", "count", "known")

    def __init__(self, joined: Joined) -> None:
        self.count = 1
        self.known: dict[Any, int] = {}
        self._last = joined

    def add(self, joined: Joined) -> None:
        """Add the next join."""
        self.count += 1
        self._last = joined

    @property
    def all(self) -> JoinsFolded:
        """All of them, for readers that know none."""
        return self._summary(self.count)

    def take_unknown(self, reader: Hashable) -> tuple[JoinsFolded, ...]:
        """Return the joins that `reader` does not know, if any, and count them as known."""
        unknown = self.count - self.known.get(reader, 0)
        self.known[reader] = self.count
        return (self._summary(unknown),) if unknown else ()

    def _summary(self, count: int) -> JoinsFolded:
        return JoinsFolded(self._last.room, count, self._last.name, self._last.time)


class _Window:
    """A second of a room in which `lines` joins have had a line; `timer` ends it if some have not.

    `ends` is its end, by the clock that measures durations.
    """

    __slots__ = ("ends", "lines", "timer")

    def __init__(self, now: float, lines: int = 0) -> None:
        self.ends = now + WINDOW_SECONDS
        self.lines = lines
        self.timer: Any = None


class JoinFolding:
    """Adds joins to the events of `fanout`, and folds those past `MAX_LINES` in a window.

    Of those it tells at the end of the window, unless something else happens in the room before.
    """

    def __init__(self, fanout: Folder, clock: Clock) -> None:
        self._fanout = fanout
        self._clock = clock
        # One for each room that somebody has joined: it is replaced at a join after its end.
        self._windows: dict[Room, _Window] = {}

    def add(self, room: Room, joined: Joined) -> None:
        """Add a join to the events of a room."""
        now = self._clock.seconds()
        window = self._windows.get(room)
        if window is not None and now >= window.ends:
            self._end(room)
            window = self._windows.get(room)
        if window is None:
            window = self._windows[room] = _Window(now)
        if window.lines < MAX_LINES:
            window.lines += 1
            self._fanout.append({room: joined})
            return
        if window.timer is None:
            window.timer = self._clock.callLater(window.ends - now, self._end, room)
        self._fanout.fold(room, joined)

    def forget(self, room: Room) -> None:
        """Forget a room that is closed."""
        window = self._windows.pop(room, None)
        if window is not None and window.timer is not None and window.timer.active():
            window.timer.cancel()

    def _end(self, room: Room) -> None:
        self.forget(room)
        if self._fanout.unfold(room) == 1:  # it has a line, which counts in the next window
            self._windows[room] = _Window(self._clock.seconds(), 1)
