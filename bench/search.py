"""`python -m bench.search`: fill a room of a store, and measure how long a search takes.

    python -m bench.search [--store URL] [--messages N] [--rounds N]

The words of the messages are distributed as in a language; every twentieth message is in Han. Each
kind of query is measured with some messages that are not indexed, so that all of them are read, and
with all messages, indexed. For each the table has the median, the 99th percentile and the maximum,
the longest time in which the reactor did nothing else, so that clients had to wait, and how many
messages a query found. The first row has that time while nothing is searched: what other processes
of the machine take. Give a store that has no messages.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, count
from pathlib import Path
from string import ascii_lowercase
from tempfile import TemporaryDirectory
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

from bench.report import machine_line
from bench.soaks.report import percentile
from chatd.core.errors import StoreError
from chatd.core.events import MessageBatch
from chatd.core.records import RoomRecord
from chatd.core.searchwords import query_words
from chatd.core.store import IStore
from chatd.storage.factory import create_store
from chatd.storage.indexing import PAUSE_FACTOR

ROOM: Final = "bench"
PAGE: Final = 20
WORDS: Final = 30_000
WRITTEN_TOGETHER: Final = 20
"""How many messages are in one write, as in a busy room."""

UNINDEXED: Final = 50_000
"""How many messages are stored when queries are measured without the index."""

_PULSE_SECONDS: Final = 0.001


class Language:
    """Random texts; `chance` decides. The word of rank n is n times as rare as the first one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        words: dict[str, None] = {}
        while len(words) < WORDS:
            words["".join(chance.choices(ascii_lowercase, k=chance.randint(2, 9)))] = None
        self.words = list(words)
        self._weights = list(accumulate(1 / (rank + 2) for rank in range(WORDS)))
        self._han = [chr(0x4E00 + n) for n in range(3000)]

    def texts(self) -> Iterator[str]:
        """Yield texts of some 64 bytes without end."""
        chance = self._chance
        for number in count():
            if number % 20 == 0:
                yield "".join(chance.choices(self._han, k=20))
            else:
                yield " ".join(chance.choices(self.words, cum_weights=self._weights, k=10))

    def word(self, lowest: int, highest: int) -> str:
        """Return a word of a rank in a range."""
        return self._chance.choice(self.words[lowest:highest])

    def han(self, length: int) -> str:
        """Return characters of Han."""
        return "".join(self._chance.choices(self._han, k=length))


@dataclass
class Pulse:
    """Measures how long the reactor is busy with other things, as long as it runs."""

    reactor: Any
    longest: float = 0.0
    _last: float = field(default_factory=time.perf_counter)

    def start(self) -> None:
        """Begin to measure."""
        self._last = time.perf_counter()
        self.reactor.callLater(_PULSE_SECONDS, self._beat)

    def take(self) -> float:
        """Return the longest time since the last call, in seconds."""
        longest, self.longest = self.longest, 0.0
        return longest

    def _beat(self) -> None:
        gap = time.perf_counter() - self._last - _PULSE_SECONDS
        self.longest = max(self.longest, gap)
        self.start()


Make = Callable[[], tuple[str, int | None]]
"""Makes a query: words, and the id before which messages count."""


def kinds(language: Language, messages: int) -> dict[str, Make]:
    """Return how to make a query of each kind."""
    word = language.word
    return {
        "common word": lambda: (word(0, 20), None),
        "common word, an old page": lambda: (word(0, 20), messages // 2),
        "rare word": lambda: (word(WORDS - 9000, WORDS), None),
        "two words": lambda: (f"{word(20, 200)} {word(200, 2000)}", None),
        "two rare words": lambda: (f"{word(2000, 9000)} {word(9000, WORDS)}", None),
        "three words": lambda: (f"{word(5, 50)} {word(50, 500)} {word(50, 500)}", None),
        "absent word": lambda: (f"absent{word(0, WORDS)}", None),
        "one character of Han": lambda: (language.han(1), None),
        "two characters of Han": lambda: (language.han(2), None),
        "five characters of Han": lambda: (language.han(5), None),
    }


async def fill(store: IStore, texts: Iterator[str], first: int, messages: int) -> None:
    """Store messages, with ids from `first` on."""
    for number in range(first, first + messages, WRITTEN_TOGETHER):
        length = min(WRITTEN_TOGETHER, first + messages - number)
        batch = MessageBatch(
            ROOM, number, "Ann", [next(texts) for _ in range(length)], float(number)
        )
        await store.append([batch], {})


async def compacted_size(store: IStore) -> int:
    """Return the size of a store whose log of changes is empty."""
    while await store.compact():
        pass
    return await store.size() or 0


async def measure(store: IStore, pulse: Pulse, made: dict[str, Make], rounds: int) -> float:
    """Search, print a row for each kind of query, and return the median of all in seconds."""
    everything: list[float] = []
    for name, make in made.items():
        taken, found = [], 0
        pulse.take()
        for _ in range(rounds):
            words, before = make()
            began = time.perf_counter()
            messages = await store.search([ROOM], query_words(words), before, PAGE)
            taken.append(time.perf_counter() - began)
            found += len(messages)
        print(_row(name, [*_times(taken), pulse.take()], f"{found / rounds:.1f}"), flush=True)
        everything += taken
    print(_row("all", _times(everything)), flush=True)
    return percentile(everything, 0.5)


def _times(taken: Sequence[float]) -> list[float]:
    return [percentile(taken, 0.5), percentile(taken, 0.99), max(taken)]


def _row(name: str, seconds: Sequence[float], *rest: str) -> str:
    return (
        f"{name:26}"
        + "".join(f"{1e3 * each:9.1f}" for each in seconds)
        + "".join(f"{each:>9}" for each in rest)
    )


async def run(reactor: Any, url: str, messages: int, rounds: int) -> None:
    """Fill the store at `url`, index it, measure, and print all figures."""
    store = create_store(url, reactor)
    (room, *_) = store.open([RoomRecord(ROOM, ROOM)]).rooms
    if room.used:
        raise StoreError(f"{url} has messages already.")
    language = Language(random.Random(1))  # noqa: S311 -- the same ones each time
    texts, pulse = language.texts(), Pulse(reactor)
    empty, few = await compacted_size(store), min(messages, UNINDEXED)
    await fill(store, texts, 1, few)
    gc.freeze()  # as the server does
    pulse.start()
    await deferLater(reactor, 1)
    head = "".join(f"{each:>9}" for each in ("p50", "p99", "most", "blocked", "found"))
    print(f"{'ms':26}{head}\n" + _row("nothing", [0, 0, 0, pulse.take()]), flush=True)
    print(f"\n{few:,} messages, not indexed")
    await measure(store, pulse, kinds(language, few), max(rounds // 10, 1))
    await fill(store, texts, few + 1, messages - few)
    stored = await compacted_size(store)
    pulse.take()
    began, cpu = time.perf_counter(), 0.0
    while (step := await store.index()) is not None:
        cpu += step
        await deferLater(reactor, PAUSE_FACTOR * step)
    seconds = time.perf_counter() - began
    print("\n" + _row("indexing", [0, 0, 0, pulse.take()]))
    print(f"\n{messages:,} messages")
    await measure(store, pulse, kinds(language, messages), rounds)
    size = await compacted_size(store)
    print(
        f"\nindexed in {seconds:.0f} s, with {1e6 * cpu / messages:.1f} us of CPU time a message\n"
        f"bytes a message: {(stored - empty) / messages:.0f}, "
        f"and {(size - stored) / messages:.0f} of the index"
    )
    await store.close({ROOM: messages})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    options = _parser().parse_args(arguments)
    print(machine_line(), flush=True)
    with TemporaryDirectory(prefix="chatd-search-") as directory:
        url = options.store or f"sqlite:///{Path(directory, 'chatd.db')}"

        async def checked(reactor: Any) -> None:
            try:
                await run(reactor, url, options.messages, options.rounds)
            except StoreError as error:
                print(f"search: {error}", file=sys.stderr)
                raise SystemExit(1) from None

        try:
            react(lambda reactor: Deferred.fromCoroutine(checked(reactor)))
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--store", metavar="URL", help="the database (default: a new SQLite file)")
    parser.add_argument("--messages", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=50, metavar="N", help="queries of each kind")
    return parser


if __name__ == "__main__":
    sys.exit(main())
