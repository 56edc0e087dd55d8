"""What `python -m bench.soak` holds a real server to, in seconds: descriptors, and visits in every way."""

import asyncio

import pytest

from bench.soak import SCENARIOS, main
from bench.soaks.clients import Client, LostError, Program, connect, knock
from bench.soaks.daemon import running
from bench.soaks.visits import LOST_PROGRAM, WAYS, visit

SECONDS = 20
"""How long anything may take before a test gives up."""

DESCRIPTORS = 80


async def joins(port):
    """Join as soon as there is a place."""
    while True:
        client = await knock(port)
        try:
            return await client.join("1", "Late")
        except LostError:
            continue


def test_more_clients_than_descriptors():
    """Those inside go on and are stored, who is too many is closed at once, and one who has gone makes room."""

    async def crowd():
        async with (
            running("--room", "1", descriptors=DESCRIPTORS) as daemon,
            asyncio.timeout(SECONDS),
        ):
            program = await connect(daemon.port, Program())
            await program.begin()
            await program.request("join", chatroom_id="1", chatter_name="Ann")
            clients = [await knock(daemon.port) for _ in range(DESCRIPTORS)]
            await asyncio.wait([one.closed for one in clients], return_when="FIRST_COMPLETED")
            answer = await program.request("say", text="still here")
            assert daemon.descriptors() < DESCRIPTORS
            next(one for one in clients if not one.closed.done()).close()
            await joins(daemon.port)
            assert await daemon.stop() == 0
            assert daemon.stored() == {("1", answer["id"]): ("Ann", "still here")}
            assert daemon.faults() == []

    asyncio.run(crowd())


def test_visits_leave_nothing():
    """Whoever comes and goes, in whatever way: no descriptor and nobody in a room is left."""

    async def visits():
        async with running("--room", "1") as daemon:
            await (await connect(daemon.port, Client())).join("1", "Ann")
            descriptors = daemon.descriptors()
            for number, way in enumerate((*WAYS, LOST_PROGRAM)):
                await visit(daemon.port, way, f"v{number}", "1")
            assert await daemon.settles(descriptors, SECONDS) is not None
            assert "Ann" in (await daemon.admin("kick Ann 1"))[-1]
            assert "Administrator: 1@1: no chatters!" in await daemon.admin("list")
            assert daemon.faults() == []

    asyncio.run(visits())


def test_options(capsys):
    """All scenarios are listed; there is no other."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(f"\n  {name} " in told for name in SCENARIOS)
    with pytest.raises(SystemExit):
        main(["none"])
