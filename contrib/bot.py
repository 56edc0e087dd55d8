#!/usr/bin/env python3
"""A bot for chatd, with Python's standard library alone: bot.py HOST PORT ROOM NAME.

It answers messages with its name in them, and connects again after the connection is lost.
"""

import json
import socket
import sys
import time

PING_SECONDS = 60
"""After this much silence the bot checks the connection, and after as much again gives it up."""


def chat(host: str, port: int, room: str, name: str) -> None:
    """Answer in the room until the connection is lost; raise `OSError` or `ValueError` then."""
    with socket.create_connection((host, port), PING_SECONDS) as server:

        def send(**request: object) -> None:
            server.sendall(json.dumps(request).encode() + b"\n")

        server.sendall(b"`format json\n")
        send(command="enter", chatroom_id=room, chatter_name=name)
        pinged, received = False, b""
        while True:
            try:
                data = server.recv(65536)
            except TimeoutError:
                if pinged:
                    raise
                pinged = True
                send(command="ping")
                continue
            if not data:
                raise ConnectionError("the server closed the connection")
            pinged = False
            *frames, received = (received + data).split(b"\n")
            for frame in frames:
                match json.loads(frame):
                    case {"event": "said", "from": sender, "text": text} if sender != name:
                        if name.casefold() in text.casefold():
                            send(command="say", chatroom_id=room, text=f"{sender}: you called?")
                    case {"event": "error" | "closing", "text": reason}:
                        raise ConnectionError(reason)


def main(host: str, port: str, room: str, name: str) -> None:
    """Chat for ever, with pauses of 1 to 60 seconds between connections."""
    pause = 1
    while True:
        began = time.monotonic()
        try:
            chat(host, int(port), room, name)
        except (OSError, ValueError) as error:
            if time.monotonic() - began > PING_SECONDS:
                pause = 1
            sys.stderr.write(f"{error}; trying again in {pause} s\n")
            time.sleep(pause)
            pause = min(2 * pause, 60)


if __name__ == "__main__":
    if len(sys.argv) != len(("bot.py", "HOST", "PORT", "ROOM", "NAME")):
        sys.exit("usage: bot.py HOST PORT ROOM NAME")
    main(*sys.argv[1:])
