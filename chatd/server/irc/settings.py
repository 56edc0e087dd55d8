"""The settings that the sessions of the IRC gateway share: the server's name, codecs, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatd import __version__
from chatd.config import Config, Registrants
from chatd.core.names import NAME_LENGTH, ROOM_ID_LENGTH
from chatd.core.textlimits import MAX_LINES
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.codec import IrcCodecs
from chatd.server.irc.monitor import Monitor
from chatd.server.irc.readmarkers import ReadMarkers
from chatd.server.irc.whowas import Whowas

MAX_TARGETS: Final = 4
"""How many targets a message may have, and how many changes of modes a line."""

MAX_BANS: Final = 100
"""How many bans a channel has at most if a client of IRC adds one."""

RELAYED_TAGS: Final = ("typing", "draft/react", "draft/unreact", "draft/reply")
"""The tags of clients that others read, without the `+` in front of them."""

MECHANISMS: Final = ("PLAIN",)
"""The mechanisms of SASL for all clients."""

TLS_MECHANISMS: Final = (*MECHANISMS, "EXTERNAL")
"""Those for clients that may show a certificate."""

_TARGMAX: Final = ",".join(
    (
        *(f"{command}:{MAX_TARGETS}" for command in ("PRIVMSG", "NOTICE", "TAGMSG", "KICK")),
        *("JOIN:", "PART:", "NAMES:", "WHOIS:1", "MONITOR:"),
    )
)

MAX_MONITORED: Final = 100
"""How many names a client may watch."""

MAX_MESSAGES: Final = 100
"""How many messages of the history a client is sent at once."""

MAX_AWAY: Final = 200
"""How many bytes an away message has at most."""

MAX_TEXT: Final = 390
"""How many bytes a topic, the reason of a kick, or last words have at most."""

VERSION: Final = f"chatd-{__version__}"


class MostUsers:
    """The most users that there were at once since the start."""

    def __init__(self) -> None:
        self._most = 0

    def most_users(self, now: int) -> int:
        """Return the most, of which `now` may be one."""
        self._most = max(self._most, now)
        return self._most


@dataclass(frozen=True, slots=True)
class IrcSettings:
    """The settings of the gateway, and what its sessions share.

    `name` is that of the server, `started` the time of its start, in seconds since the epoch.
    `max_rooms` is how many rooms a user may be in. Passwords are taken over connections without
    TLS only if they come from this machine, or `plaintext_login` is set. `registers` tells whether
    clients may register accounts.
    """

    name: str
    network: str
    started: float
    max_rooms: int
    plaintext_login: bool
    require_login: bool
    registers: bool
    max_message: int
    sts: int
    sts_port: str
    usage: MostUsers
    codecs: IrcCodecs
    monitor: Monitor
    whowas: Whowas
    read_markers: ReadMarkers

    def capabilities(
        self, *, is_tls: bool, may_log_in: bool, mechanisms: Sequence[str] = MECHANISMS
    ) -> dict[str, str]:
        """Return the capabilities that a client is offered, with their values."""
        offered = dict(caps.available(self.max_message, MAX_LINES, ",".join(mechanisms)))
        if not may_log_in:
            del offered[caps.SASL]
        if not (may_log_in and self.registers):
            del offered[caps.REGISTRATION]
        if self.sts and self.sts_port:
            # A client without TLS is told where there is TLS, one with it for how long to stay.
            offered[caps.STS] = f"duration={self.sts}" if is_tls else f"port={self.sts_port}"
        return offered

    def isupport(self) -> list[str]:
        """Return the tokens of 005, which tell clients the rules of the server."""
        tokens = [
            f"AWAYLEN={MAX_AWAY}",
            "BOT=B",
            "CASEMAPPING=ascii",
            f"CHANLIMIT=#:{self.max_rooms}",
            "CHANMODES=b,k,l,imnst",
            f"CHANNELLEN={len(names.CHANNEL_PREFIX) + ROOM_ID_LENGTH}",
            f"CHANTYPES={names.CHANNEL_PREFIX}",
            f"CHATHISTORY={MAX_MESSAGES}",
            f"CLIENTTAGDENY=*,{','.join(f'-{name}' for name in RELAYED_TAGS)}",
            "ELIST=U",
            "EXTBAN=$,a",
            "ACCOUNTEXTBAN=a",
            f"HOSTLEN={names.HOST_LENGTH}",
            f"KICKLEN={MAX_TEXT}",
            f"MAXLIST=b:{MAX_BANS}",
            f"MAXTARGETS={MAX_TARGETS}",
            f"MODES={MAX_TARGETS}",
            f"MONITOR={MAX_MONITORED}",
            "MSGREFTYPES=msgid,timestamp",
            f"NETWORK={self.network}",
            f"NICKLEN={NAME_LENGTH}",
            "PREFIX=(qov)~@+",
            "SAFELIST",
            "STATUSMSG=",
            f"TARGMAX={_TARGMAX}",
            f"TOPICLEN={MAX_TEXT}",
            f"USERLEN={len('~') + names.USERNAME_LENGTH}",
            "UTF8MAPPING=rfc8265",
            "UTF8ONLY",
            "WHOX",
        ]
        return [*tokens, "draft/ACCOUNTREQUIRED"] if self.require_login else tokens


def settings_of(config: Config, started: float, host: str) -> IrcSettings:
    """Return the settings for a configuration; `host` names the server if the operator does not."""
    irc = config.irc
    name = irc.name or (host if "." in host else f"{host or 'chatd'}.invalid")
    return IrcSettings(
        name=name,
        network=irc.network,
        started=started,
        max_rooms=irc.rooms,
        plaintext_login=irc.plaintext_login,
        require_login=config.rules.require_login,
        registers=config.registrants is Registrants.EVERYONE,
        max_message=config.limits.message,
        sts=irc.sts,
        sts_port=irc.tls_port,
        usage=MostUsers(),
        codecs=IrcCodecs(name),
        monitor=Monitor(),
        whowas=Whowas(),
        read_markers=ReadMarkers(),
    )
