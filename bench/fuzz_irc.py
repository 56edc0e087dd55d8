"""Random and mutated lines of IRC, sent to a server in memory, to find errors of the server.

    python -m bench.fuzz_irc [--lines N] [--seed N]

As `bench.fuzz` does it for the native gateway; the exit status is 1 if a traceback was logged.
"""

from __future__ import annotations

import gc
import random
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from time import thread_time
from typing import Final

from bench.fuzz import LoggedErrors, mutated
from chatd.config import Irc
from chatd.server.inbound import MAX_FRAMES_PER_TURN
from chatd.server.irc.commands import COMMANDS
from chatd.testing import MemoryClient, MemoryServer

PASSWORD: Final = "staple-battery"  # noqa: S105 -- of users that do not exist

_ROUND: Final = 500
_NAMES: Final = ("ann", "Bob", "N0", "n1", "amy", "\u00c9lan", "*", "NickServ", "x!y@z")
_CHANNELS: Final = ("#tea", "#Tea", "#", "#t\u00e9", "#a,#b", "#food", "0", "#" + "x" * 40)
_WORDS: Final = (
    *("", "*", ":", "-", "+", "0", "1", "10", "-1", "302", "on", "hi there", "a,b,,c", "x" * 400),
    *(
        "+o",
        "-o+v",
        "+b",
        "+k",
        "+l",
        "-kl",
        "+ovbklimnstq",
        "nick!*@*",
        "$a:amy",
        "%tcuihsnfdlaor",
    ),
    *("LS", "REQ", "END", "LIST", "labeled-response batch", "-batch", "message-tags echo-message"),
    *("PLAIN", "+", "YW15AGFteQBzdGFwbGUtYmF0dGVyeQ==", "=", "tea/1", "msgid=tea/1", "tea/0"),
    *(
        "timestamp=2026-11-20T14:51:16.042Z",
        "timestamp=x",
        "LATEST",
        "BETWEEN",
        "AROUND",
        "TARGETS",
    ),
    *(
        "+ref",
        "-ref",
        "draft/multiline",
        "C",
        "S",
        "\x01ACTION x\x01",
        "\x0304,1x",
        "\u202e",
        "\x9b",
    ),
    *(f"amy:{PASSWORD}", PASSWORD, "\U0001f600" * 100, "\u2028", "\x7f\x08"),
)
_TAGS: Final = (
    *(
        "label=l",
        "label=",
        "label=a\\:b\\s",
        "batch=ref",
        "batch=x",
        "+typing=active",
        "+x=\\",
        "a",
    ),
    *("+draft/reply=tea/1", "draft/multiline-concat", "time=1", "msgid=x", "=", ";;", "x" * 300),
)
_CAPABILITIES: Final = (
    "labeled-response batch message-tags echo-message server-time account-tag draft/multiline",
    "multi-prefix extended-join away-notify setname draft/chathistory draft/read-marker",
    "batch labeled-response draft/message-redaction invite-notify userhost-in-names",
    "sasl",
)


def lines(chance: random.Random) -> Iterator[bytes]:
    """Yield lines with their ends: those of known commands, mutated ones, and noise."""
    commands = [name for name in COMMANDS if name != "QUIT"]
    while True:
        words = [chance.choice(commands)]
        kinds = chance.choices((_NAMES, _CHANNELS, _WORDS), k=chance.choice((0, 1, 2, 2, 3, 4, 16)))
        words += [chance.choice(kind) for kind in kinds]
        if len(words) > 1 and chance.random() < 0.5:  # noqa: PLR2004 -- half of them
            words[-1] = f":{words[-1]}"
        text = " ".join(words)
        if chance.random() < 0.3:  # noqa: PLR2004 -- some
            text = f"@{';'.join(chance.choices(_TAGS, k=chance.randint(1, 3)))} {text}"
        line = text.encode()
        if chance.random() < 0.3:  # noqa: PLR2004 -- some
            line = mutated(line, chance)
        if chance.random() < 0.05:  # noqa: PLR2004 -- few
            line = chance.randbytes(chance.randint(0, 40))
        yield line.replace(b"\0", b"") + chance.choice((b"\r\n", b"\r\n", b"\n", b"\r", b"\0\n"))


def client(server: MemoryServer, number: int, chance: random.Random) -> MemoryClient:
    """Return a client: most of them have registered, with some capabilities."""
    new = server.connect_irc()
    if chance.random() < 0.8:  # noqa: PLR2004 -- most
        login = [f"PASS amy:{PASSWORD}"] if number % 3 == 0 else []
        wanted = f"CAP REQ :{chance.choice(_CAPABILITIES)}"
        new.send(*login, wanted, f"NICK N{number}", "USER u 0 * :Real Name", "CAP END")
        new.send("JOIN #tea")
    return new


def in_memory(count: int, chance: random.Random) -> float:
    """Send `count` lines to servers in memory; return the worst CPU time of one, in milliseconds.

    Raises `AssertionError` if a client who talks meanwhile is not served.
    """
    stream, worst, sent = lines(chance), 0.0, 0
    while sent < count:
        server = MemoryServer(
            irc=Irc(name="irc.test"),
            rooms=(("tea", "Tea"),),
            trace=chance.random() < 0.5,  # noqa: PLR2004 -- half
        )
        server.connect().ask(f"`register amy {PASSWORD}")
        ann, zoe = server.irc("Witness"), server.join("hall", "Zoe")
        ann.send("JOIN #hall")
        clients = [client(server, number, chance) for number in range(4)]
        gc.collect()
        gc.disable()
        for number in range(min(_ROUND, count - sent)):
            if number % MAX_FRAMES_PER_TURN == 0:
                server.turn(0.1)
            at = chance.randrange(len(clients))
            if clients[at].closed:
                clients[at] = client(server, number % 10, chance)
            data, began = next(stream), thread_time()
            cut = chance.randint(0, len(data))
            for part in (data[:cut], data[cut:]):
                if part and not clients[at].closed:
                    clients[at].send_bytes(part)
            worst = max(worst, (thread_time() - began) * 1000)
            sent += 1
        gc.enable()
        zoe.read(), ann.read()
        zoe.send("still here")
        assert ann.read()[-1].endswith("PRIVMSG #hall :still here")
        for each in clients:
            each.lose()
        server.turn(11)
    return worst


def main() -> None:
    """Send many lines, and exit with 1 if there were errors."""
    parser = ArgumentParser(prog="python -m bench.fuzz_irc", description="Try to break the server.")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    options = parser.parse_args()
    errors = LoggedErrors()
    print(f"seed {options.seed}", flush=True)
    with errors.counting():
        worst = in_memory(options.lines, random.Random(options.seed))  # noqa: S311 -- reproducible
    print(f"{options.lines} lines: the worst {worst:.1f} ms, {errors.count} errors")
    sys.exit(errors.count > 0)


if __name__ == "__main__":
    main()
