"""Short versions of two scenarios of `python -m bench.soak`, on a real server."""

import asyncio

import pytest

from bench.soak import SCENARIOS, main
from bench.soaks.clients import Client, LostError, Program, connect, knock
from bench.soaks.daemon import running
from bench.soaks.visits import LOST_PROGRAM, WAYS, visit

SECONDS = 20
"""The time after which a test stops waiting."""

DESCRIPTORS = 80


async def join_when_possible(port):
    """Connect until the server accepts the client, and join."""
    while True:
        client = await knock(port)
        try:
            return await client.join("1", "Late")
        except LostError:
            continue


def test_more_clients_than_descriptors():
    """The server refuses clients past its descriptors, and serves the others.

    A client that leaves makes room for another.
    """

    async def scenario():
        async with (
            running("--room", "1", descriptors=DESCRIPTORS) as daemon,
            asyncio.timeout(SECONDS),
        ):
            program = await connect(daemon.port, Program())
            await program.begin()
            await program.request("join", chatroom_id="1", chatter_name="Ann")
            clients = [await knock(daemon.port) for _ in range(DESCRIPTORS)]
            await asyncio.wait([client.closed for client in clients], return_when="FIRST_COMPLETED")
            answer = await program.request("say", text="still here")
            assert daemon.descriptors() < DESCRIPTORS
            next(client for client in clients if not client.closed.done()).close()
            await join_when_possible(daemon.port)
            assert await daemon.stop() == 0
            assert daemon.stored() == {("1", answer["id"]): ("Ann", "still here")}
            assert daemon.errors() == []

    asyncio.run(scenario())


def test_visits_leave_nothing():
    """After clients have left in every way, their descriptors are closed and the room is empty."""

    async def scenario():
        async with running("--room", "1") as daemon:
            await (await connect(daemon.port, Client())).join("1", "Ann")
            descriptors = daemon.descriptors()
            for number, way in enumerate((*WAYS, LOST_PROGRAM)):
                await visit(daemon.port, way, f"v{number}", "1")
            assert await daemon.settles(descriptors, SECONDS) is not None
            assert "Ann" in (await daemon.admin("kick Ann 1"))[-1]
            assert "Administrator: 1@1: no chatters!" in await daemon.admin("list")
            assert daemon.errors() == []

    asyncio.run(scenario())


def test_options(capsys):
    """The help lists all scenarios, and other names are refused."""
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(f"\n  {name} " in printed for name in SCENARIOS)
    with pytest.raises(SystemExit):
        main(["none"])
