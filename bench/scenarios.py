"""The scenarios: the members of the rooms, and the messages they say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """The figure that a scenario compares, and whether a greater value is better."""

    RATE = ("deliveries_per_s", True)
    LATENCY = ("p99_ms", False)
    STORM = ("joins_per_s", True)

    @property
    def field(self) -> str:
        """The name of the figure."""
        return self.value[0]

    @property
    def more_is_better(self) -> bool:
        """Whether a greater value is better."""
        return self.value[1]


IRC_SETS: Final = tuple(f"irc{number}" for number in range(1, 9))
"""The protocols of the load generator that request a set of capabilities (protocols.h)."""


@dataclass(frozen=True)
class Scenario:
    """A load: in each of `rooms` there are `members`, and `speakers` of them say messages.

    With a `window` each speaker keeps that many messages in flight. With a `rate` all speakers
    together send that many messages a second. With neither, the clients join as fast as they can.
    With `lines` every second member uses line framing instead of NUL framing, with `irc` every
    second member uses IRC, with each of eight sets of capabilities in turn. The last `json` members
    of each room use JSON.
    """

    name: str
    about: str
    members: int
    speakers: int = 1
    rooms: int = 1
    window: int | None = None
    rate: int | None = None
    message_bytes: int = 64
    lines: bool = False
    json: int = 0
    irc: bool = False

    @property
    def kind(self) -> Kind:
        """The figure that the scenario compares."""
        if self.window is not None:
            return Kind.RATE
        return Kind.STORM if self.rate is None else Kind.LATENCY

    @property
    def clients(self) -> int:
        """The number of connections."""
        return self.rooms * self.members

    @property
    def is_mixed(self) -> bool:
        """Whether the members use different protocols."""
        return self.lines or self.irc or bool(self.json)

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols that the members of a mixed scenario use in turn, but for JSON."""
        if self.irc:
            return tuple(name for irc in IRC_SETS for name in ("nul", irc))
        return ("nul", "lines") if self.lines else ("nul",)

    def __str__(self) -> str:
        return f"Scenario {self.name}: {self.about}"


SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("A", "50 members, 5 speak, 16 in flight for each", 50, 5, window=16),
        Scenario("B", "500 members, 10 speak, 16 in flight for each", 500, 10, window=16),
        Scenario(
            "C", "200 members who all speak, and a silent one, 1 in flight", 201, 200, window=1
        ),
        Scenario("D", "100 rooms of 5, one speaks in each, 1 in flight", 5, 1, 100, window=1),
        Scenario("E", "500 members, 200 messages a second", 500, 10, rate=200),
        Scenario("F", "50 members, 100 messages a second", 50, 5, rate=100),
        Scenario("G", "10,000 members in 100 rooms, 100 messages a second", 100, 1, 100, rate=100),
        Scenario("H", "2,000 clients join one room as fast as they can", 2000),
        Scenario(
            "I",
            "200 members, 10 speak, 16 in flight for each, 1 KiB messages",
            200,
            10,
            window=16,
            message_bytes=1024,
        ),
        Scenario(
            "J",
            "as B, but 245 members on lines, 245 on NUL framing, 10 on JSON",
            500,
            10,
            window=16,
            lines=True,
            json=10,
        ),
        Scenario("K", "as B, but all members on IRC", 500, 10, window=16),
        Scenario(
            "L",
            "as B, but half of the members on IRC, with eight sets of capabilities",
            500,
            10,
            window=16,
            irc=True,
        ),
    )
}
