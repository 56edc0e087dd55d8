"""A store and a hashing in memory whose calls wait until a test lets them through."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from chatd.core.events import Address
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryHashing


class Gate:
    """Holds up calls while it is shut, until the test lets them through.

    `waiting` has a Deferred for each of them, the first one first. While `error` is set, calls
    raise it instead of waiting.
    """

    def __init__(self, *, shut: bool = False) -> None:
        self.shut = shut
        self.error: Exception | None = None
        self.waiting: list[Deferred[None]] = []

    async def wait(self) -> None:
        """Return when the gate is open; raise `error` if it is set."""
        if self.error is not None:
            raise self.error
        if self.shut:
            self.waiting.append(Deferred())
            await self.waiting[-1]

    def open(self, error: Exception | None = None) -> None:
        """Open the gate: all waiting calls return, or raise `error` if it is given."""
        self.shut = False
        waiting, self.waiting = self.waiting, []
        for call in waiting:
            if error is None:
                call.callback(None)
            else:
                call.errback(error)

    def let_through(self, count: int) -> None:
        """Let the first `count` calls through, and keep the gate shut."""
        for _ in range(count):
            self.waiting.pop(0).callback(None)

    def drain(self) -> None:
        """Let calls through one by one, with those that come meanwhile; then open the gate."""
        while self.waiting:
            self.let_through(1)
        self.shut = False


class SlowHashing(MemoryHashing):
    """Hashes passwords when its gate is open."""

    def __init__(self, *, shut: bool = False) -> None:
        self.gate = Gate(shut=shut)

    async def hash(self, password: str, address: Address | None) -> str:
        """Wait at the gate, and return a hash that `verify` accepts."""
        await self.gate.wait()
        return await super().hash(password, address)

    async def verify(
        self, password_hash: str | None, password: str, address: Address | None
    ) -> bool:
        """Wait at the gate, and return whether `password` has this hash."""
        await self.gate.wait()
        return await super().verify(password_hash, password, address)


def _gated(gate: str, name: str) -> Any:
    """Return the method `name` of `MemoryStore`, which waits at a gate of `SlowStore` first."""
    method = getattr(MemoryStore, name)

    async def call(self: SlowStore, *arguments: Any) -> Any:
        await getattr(self, gate).wait()
        return await method(self, *arguments)

    return call


class SlowStore(MemoryStore):
    """A store in memory whose calls wait or fail at gates, one for each kind of data."""

    def __init__(self) -> None:
        super().__init__()
        self.room_gate = Gate()
        self.access_gate = Gate()
        self.write_gate = Gate()
        self.read_gate = Gate()
        self.account_gate = Gate()
        self.ban_gate = Gate()
        self.token_gate = Gate()
        self.kept_gate = Gate()
        self.mark_gate = Gate()

    add_room = _gated("room_gate", "add_room")
    remove_room = _gated("room_gate", "remove_room")
    set_room_settings = _gated("access_gate", "set_room_settings")
    add_room_access = _gated("access_gate", "add_room_access")
    remove_room_access = _gated("access_gate", "remove_room_access")
    append = _gated("write_gate", "append")
    delete_message = _gated("write_gate", "delete_message")
    history = _gated("read_gate", "history")
    id_at = _gated("read_gate", "id_at")
    search = _gated("read_gate", "search")
    account = _gated("account_gate", "account")
    add_account = _gated("account_gate", "add_account")
    add_ban = _gated("ban_gate", "add_ban")
    remove_ban = _gated("ban_gate", "remove_ban")
    resume_token = _gated("token_gate", "resume_token")
    add_resume_token = _gated("token_gate", "add_resume_token")
    remove_resume_token = _gated("token_gate", "remove_resume_token")
    remove_resume_tokens = _gated("token_gate", "remove_resume_tokens")
    add_remembered_token = _gated("token_gate", "add_remembered_token")
    use_remembered_token = _gated("token_gate", "use_remembered_token")
    add_account_key = _gated("token_gate", "add_account_key")
    account_of_key = _gated("token_gate", "account_of_key")
    set_password_hash = _gated("account_gate", "set_password_hash")
    keep_message = _gated("kept_gate", "keep_message")
    kept_messages = _gated("kept_gate", "kept_messages")
    remove_kept_messages = _gated("kept_gate", "remove_kept_messages")
    raise_read_marks = _gated("mark_gate", "raise_read_marks")
    read_mark = _gated("mark_gate", "read_mark")
