"""Remembered logins: the client asks the server for a token, and keeps it for the next start.

A token is sent to the server that gave it and to no other, and only over TLS or to this machine.
"""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple, Protocol

from chatd.client.model.effects import Send
from chatd.client.model.state import ClientState
from chatd.client.ui.frontend import Address, Line
from chatd.core.events import Event
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok, Reply

TAG: Final = "remember"
"""The tag of requests for a token; their replies are not shown."""


class Login(NamedTuple):
    """A login that is remembered: the token, and the rooms that the user was in last."""

    server: str
    account: str
    token: str
    rooms: tuple[str, ...] = ()


class LoginStore(Protocol):
    """Keeps logins between two starts."""

    def keep(self, login: Login) -> None:
        """Keep a login, in place of one of the same account."""

    def forget(self, server: str, account: str) -> None:
        """Forget the login of an account."""


class Remembering:
    """Keeps the login of the user up to date in `store`; `login` is the one of the last start.

    `encrypted`: the connections are over TLS.
    """

    def __init__(self, store: LoginStore, login: Login | None, *, encrypted: bool) -> None:
        self._store = store
        self._login = login
        self._encrypted = encrypted

    def received(
        self, event: Event | Reply, state: ClientState, server: Address | None
    ) -> list[Send | Line]:
        """Note an event that `state` knows already; return the request for a token, if any."""
        match event:
            case Ok(command="login" | "register") if server is not None:
                if self._encrypted or is_this_machine(server.host):
                    return [Send(Request("remember", tag=TAG))]
                return [Line("The login is not remembered: the connection is not encrypted.")]
            case Ok(command="remember", tag="remember"):
                self._got_token(event, state, server)
            case Ok(command="logout") | Error(command="recall", code="wrong-token"):
                self._forget()
        return []

    def update(self, state: ClientState, server: Address | None) -> None:
        """Keep the rooms that the user is in now, if they have changed."""
        rooms = tuple(state.rooms)
        if self._login is None or self._login[:2] != (str(server), state.account):
            return
        if rooms != self._login.rooms:
            self._login = self._login._replace(rooms=rooms)
            self._store.keep(self._login)

    def recall(self, server: Address | None) -> Request | None:
        """Return the request that logs in again at `server`, if there is a token for it."""
        if self._login is None or self._login.server != str(server):
            return None
        return Request("recall", {"token": self._login.token})

    def _got_token(self, reply: Ok, state: ClientState, server: Address | None) -> None:
        token = reply.data.get("token")
        if isinstance(token, str) and state.account is not None:
            self._login = Login(str(server), state.account, token, tuple(state.rooms))
            self._store.keep(self._login)

    def _forget(self) -> None:
        login, self._login = self._login, None
        if login is not None:
            self._store.forget(login.server, login.account)


def is_reply(event: Event | Reply) -> bool:
    """Tell whether an event is the reply to a request for a token."""
    return isinstance(event, Ok | Error) and event.tag == TAG


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
