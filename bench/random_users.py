"""Users that send random commands to a server whose store is slow and fails at random.

`RandomUsers.step` checks the state of the server after each step, and raises `AssertionError`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from chatd.core.errors import StoreUnavailableError
from chatd.core.world.names import HOLD_SECONDS
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryClient, MemoryServer

_ROOMS: Final = ("1", "2", "3")
_NAMES: Final = ("Ann", "Bob", "Cid", "Dan", "ann", "Eve")
_PASSWORD: Final = "staple-battery"  # noqa: S105 -- of users that do not exist
_EXIT: Final = '{"command":"exit"}'
_MAX_CLIENTS: Final = 12


def _late(name: str) -> Callable[..., Any]:
    async def call(self: WeakStore, *arguments: Any) -> Any:
        await self.delay_or_fail()
        result = await getattr(MemoryStore, name)(self, *arguments)
        await self.delay_or_fail(may_fail=False)
        return result

    return call


class WeakStore(MemoryStore):
    """A store in memory that answers late or fails, unless it is `reliable`."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.reliable = False
        self._chance = chance
        self._waiting: list[Deferred[None]] = []

    async def delay_or_fail(self, *, may_fail: bool = True) -> None:
        """Wait for `resume` and raise `StoreUnavailableError`, each at random."""
        if not self.reliable and self._chance.random() < 0.3:  # noqa: PLR2004 -- a probability
            self._waiting.append(Deferred())
            await self._waiting[-1]
        if may_fail and not self.reliable and self._chance.random() < 0.2:  # noqa: PLR2004 -- the same
            raise StoreUnavailableError("at random")

    def resume(self) -> None:
        """Let all calls that wait continue."""
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call.callback(None)

    add_room = _late("add_room")
    remove_room = _late("remove_room")
    append = _late("append")
    history = _late("history")
    account = _late("account")
    add_account = _late("add_account")
    set_password_hash = _late("set_password_hash")
    remove_account = _late("remove_account")
    add_ban = _late("add_ban")
    remove_ban = _late("remove_ban")
    resume_token = _late("resume_token")
    add_resume_token = _late("add_resume_token")
    remove_resume_token = _late("remove_resume_token")
    remove_resume_tokens = _late("remove_resume_tokens")


class RandomUsers:
    """The users and their server.

    All users speak JSON, because its events name the room and the id of each message.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._store = WeakStore(chance)
        self._server = MemoryServer(store=self._store, rooms_per_client=2)
        self._clients: list[MemoryClient] = []
        self._inside: dict[MemoryClient, set[str]] = {}
        self._messages: dict[tuple[str, int], tuple[str, str]] = {}
        self._newest: dict[tuple[MemoryClient, str], int] = {}
        self._count = 0
        self._tokens: list[str] = []

    def step(self) -> None:
        """Do one random step, read all events and check the state."""
        chance = self._chance
        act = chance.choices(
            (self._connect, self._leave, self._request, self._administer, self._wait),
            (2, 1, 20, 4, 6),
        )[0]
        act()
        for client in self._clients:
            self._read(client)
        self._clients = [client for client in self._clients if not client.closed]
        self._check()

    def end(self) -> None:
        """Disconnect all users, and check that the server has forgotten them."""
        self._store.reliable = True
        for client in self._clients:
            client.lose()
        for _ in range(int(HOLD_SECONDS) + 40):
            self._store.resume()
            self._server.turn(1)
        service = self._server.service
        assert len(service.sessions) == 0
        assert service.world.names.count(service.oplog.seconds()) == 0
        assert not service.world.sessions
        assert not service.world.rooms.changing
        assert all(not room.members for room in service.chat.rooms())
        assert service.writer.pending == 0

    # -- steps

    def _connect(self) -> None:
        if len(self._clients) < _MAX_CLIENTS:
            client = self._server.connect(self._chance.choice(("127.0.0.1", "10.0.0.1")))
            self._inside[client] = set()
            self._clients.append(client)
            client.send("`format json")

    def _leave(self) -> None:
        if self._clients:
            client = self._chance.choice(self._clients)
            self._chance.choice((client.lose, client.half_close, lambda: client.send(_EXIT)))()

    def _request(self) -> None:
        if not self._clients:
            return
        chance, client = self._chance, self._chance.choice(self._clients)
        room, name = chance.choice(_ROOMS), chance.choice(_NAMES)
        self._count += 1
        say: dict[str, object] = {"command": "say", "text": f"{self._count}"}
        requests: list[dict[str, object]] = [
            {"command": "join", "chatroom_id": room, "chatter_name": name},
            {"command": "enter", "chatroom_id": room, "chatter_name": name},
            {"command": "enter", "chatroom_id": room, "chatter_name": name},
            {"command": "start", "chatroom_id": room, "chatroom_name": "tea"},
            {"command": "quit", "chatroom_id": room},
            {"command": "switch", "chatroom_id": room},
            *[say] * 8,
            {"command": "secret", "chatter_name": name, "message": "psst"},
            {"command": "history", "chatroom_id": room, "since": 0},
            {"command": "register", "username": name, "password": _PASSWORD},
            {"command": "login", "username": name, "password": _PASSWORD},
            {"command": "password", "old_password": _PASSWORD, "new_password": _PASSWORD},
            {"command": "logout"},
            {"command": "rename", "new_name": name},
            {"command": "resume", "session": chance.choice(self._tokens or [""])},
        ]
        client.send(*(json.dumps(chance.choice(requests)) for _ in range(chance.randint(1, 3))))

    def _administer(self) -> None:
        room, name = self._chance.choice(_ROOMS), self._chance.choice(_NAMES)
        lines = (
            f"end {room}", f"kick {name} {room}", f"kick {name} {room}",
            f"group {room} {name} {self._chance.choice(_NAMES)}", f"ban {name} 1",
            f"unban {name}", f"start {room} tea", f"say {room} hear", f"unregister {name}",
            "list", "who",
        )  # fmt: skip
        self._server.console(self._chance.choice(lines))

    def _wait(self) -> None:
        self._store.resume()
        self._server.turn(self._chance.choice((0.0, 0.02, 0.5, 20.0)))

    # -- checks

    def _read(self, client: MemoryClient) -> None:
        session = client.protocol._session  # noqa: SLF001 -- its user after a login
        events = [json.loads(frame) for frame in client.read()]
        self._tokens += [event["session"] for event in events if "session" in event]
        commands = {event.get("command") for event in events}
        if session.busy or commands & {"login", "resume", "rename"}:
            # A session that logs in reads the rooms of its user before the reply names them, and
            # the events of one that is renamed have either name.
            for event in events:
                self._check_order(client, event)
            self._inside[client] = {room.key for room in session.user.rooms}
            return
        for event in events:
            self._check_order(client, event)
            self._check_event(client, self._inside[client], event)

    def _check_order(self, client: MemoryClient, event: dict[str, Any]) -> None:
        if event["event"] == "said":
            room, number = event["room"], event["id"]
            text = event["from"], event["text"]
            first = self._messages.setdefault((room, number), text)
            assert first == text, f"another order: {event}, not {first}"
            assert self._newest.get((client, room), 0) < number, f"not in order: {event}"
            self._newest[client, room] = number

    def _check_event(self, client: MemoryClient, rooms: set[str], event: dict[str, Any]) -> None:  # noqa: C901 -- a table
        match event:
            case {"event": "said", "room": room}:
                assert room in rooms, f"read without being in the room: {event}"
            case {"event": "reply", "command": "join" | "enter", "room": room}:
                rooms.add(room)
            case {"event": "reply", "command": "quit", "room": room}:
                rooms.remove(room)
            case {"event": "reply", "command": "logout"}:
                rooms.clear()
            case {"event": "closed", "room": room}:
                assert room in rooms
                rooms.remove(room)
            case {"event": "joined", "room": room, "who": who} if room not in rooms:
                # The user may have lost the name since, with the account for example.
                is_own = "self" in event or who == self._name(client)
                assert is_own, f"read without being in the room: {event}"
                rooms.add(room)
            case {"event": "left", "room": room, "self": True}:
                rooms.remove(room)
            case {"event": "left", "room": room, "who": who, "reason": "kicked" | "grouped"}:
                assert room in rooms
                if who == self._name(client):
                    rooms.remove(room)
            case {"event": "left" | "joined", "room": room}:
                assert room in rooms, f"read without being in the room: {event}"
            case {"event": "history", "room": room}:
                assert room in rooms, f"read without being in the room: {event}"
            case {"event": "closing", "code": code}:
                assert code in {"banned", "password-changed", "replaced", "unregistered"}, event

    def _name(self, client: MemoryClient) -> str:
        return client.protocol._session.user.name  # noqa: SLF001 -- its present user

    def _check(self) -> None:
        service = self._server.service
        users = {session.user for session in service.sessions}
        names = [user.name for user in users if user.name]
        assert len({name.casefold() for name in names}) == len(names), f"held by two users: {names}"
        rooms = list(service.chat.rooms())
        for session in service.sessions:
            for room in session.user.rooms:
                assert session.user in room.members
                assert room in rooms or room.key in service.world.rooms.changing
        for client in self._clients:
            session = client.protocol._session  # noqa: SLF001 -- its present user
            # A user who logs out has left all rooms already, and is told when the store answers.
            assert session.busy or self._inside[client] == {room.key for room in session.user.rooms}
