"""The table of the options of `twistd chatd`, in the groups of --help."""

from __future__ import annotations

from typing import Final

from chatd.config import (
    BYTE_RATE,
    MAX_PASSWORD,
    Config,
    Irc,
    Limits,
    Registrants,
    RoomCreators,
    RoomPolicy,
)
from chatd.daemon.optionkinds import (
    Flag,
    OptionGroup,
    Parameter,
    Repeated,
    choice,
    duration,
    number,
    server_name,
    word,
)
from chatd.storage.history import MAX_READ

_MAX_DAYS: Final = 36_500

GROUPS: Final = (
    OptionGroup(
        "Listening",
        (
            Repeated(
                "listen",
                (
                    "Listen at a Twisted endpoint; may be repeated. Default: "
                    "tcp:9999:interface=localhost."
                ),
                "ENDPOINT",
            ),
            Parameter(
                "motd",
                (
                    "File with the message of the day, which each client is sent before "
                    "the first answer; read again at SIGHUP."
                ),
                "FILE",
                None,
                str,
            ),
            Flag("hide-addresses", "Do not show clients the addresses of other clients."),
        ),
    ),
    OptionGroup(
        "IRC",
        (
            Repeated(
                "irc",
                "Listen for IRC clients at a Twisted endpoint, such as "
                "tcp:6667:interface=localhost; may be repeated. Default: nowhere.",
                "ENDPOINT",
            ),
            Parameter(
                "irc-name",
                "Name of the server that IRC clients see. Default: that of the machine.",
                "HOST",
                None,
                server_name,
            ),
            Parameter(
                "network",
                "Name of the network that IRC clients see.",
                "NAME",
                Irc.network,
                word,
            ),
            Parameter(
                "irc-rooms",
                "How many rooms a user with an IRC client may be in at once.",
                "N",
                Irc.rooms,
                number(1),
            ),
            Flag(
                "irc-plaintext-login",
                "Take passwords of IRC clients from other machines without TLS.",
            ),
            Parameter(
                "irc-sts",
                "For how long IRC clients use TLS alone once they have connected with it, as in "
                "30d or 12h; needs an ssl: endpoint for IRC.",
                "DURATION",
                None,
                duration,
            ),
        ),
    ),
    OptionGroup(
        "Rooms",
        (
            Repeated("room", "Room that exists from the start; may be repeated.", "ID[:NAME]"),
            Parameter(
                "rooms-per-client",
                "How many rooms a client may be in at once.",
                "N",
                RoomPolicy.rooms_per_client,
                number(1),
            ),
            Parameter(
                "max-rooms", "How many rooms may exist at once.", "N", Config.max_rooms, number(1)
            ),
            Parameter(
                "who-starts",
                "Who may start rooms: everyone, accounts or nobody. The administrator always may.",
                "WHO",
                RoomPolicy.room_creators.value,
                choice(RoomCreators),
            ),
            Parameter(
                "rooms-per-account",
                "How many rooms an account may own, which are those that it started; 0: no limit.",
                "N",
                RoomPolicy.rooms_per_account,
                number(0),
            ),
            Parameter(
                "replay",
                "How many messages of history a text client is shown when it joins a room, and "
                "then the users in the room; 0: neither.",
                "N",
                Config.replay,
                number(0, MAX_READ),
            ),
        ),
    ),
    OptionGroup(
        "Accounts",
        (
            Flag("require-login", "Guests may not join rooms."),
            Parameter(
                "min-password",
                "How many bytes a new password has at least.",
                "N",
                Config.min_password,
                number(1, MAX_PASSWORD),
            ),
            Parameter(
                "who-registers",
                "Who may register an account: everyone or nobody. The administrator always may.",
                "WHO",
                Config.registrants.value,
                choice(Registrants),
            ),
            Parameter(
                "sessions-per-account",
                (
                    "Sessions one account may have at once; past it the session that has "
                    "been silent for longest is ended."
                ),
                "N",
                Limits.sessions_per_account,
                number(1),
            ),
        ),
    ),
    OptionGroup(
        "Store",
        (
            Parameter(
                "store",
                (
                    "Where accounts, rooms and history are kept: sqlite:///FILE, "
                    "postgresql://USER@HOST/DATABASE (with its password in ~/.pgpass), or "
                    "memory: to keep nothing."
                ),
                "URL",
                Config.store,
                str,
            ),
            Parameter(
                "keep",
                "Days after which history is removed; 0: never.",
                "DAYS",
                Config.keep,
                number(0, _MAX_DAYS),
            ),
            Parameter(
                "keep-secrets",
                (
                    "Days for which private messages to accounts are kept until the next "
                    "login; 0: none are kept."
                ),
                "DAYS",
                Config.keep_secrets,
                number(0, _MAX_DAYS),
            ),
            Parameter(
                "room-history",
                "Bytes of history that are kept of a room, the newest ones; 0: no limit.",
                "BYTES",
                Config.room_history,
                number(0),
            ),
        ),
    ),
    OptionGroup(
        "Log and console",
        (
            Flag("no-console", "No console on standard input."),
            Parameter(
                "admin",
                (
                    "Path of the console's UNIX socket, which only its owner may use; "
                    "empty: no socket."
                ),
                "PATH",
                Config.admin,
                str,
            ),
            Flag("trace", "Log every frame received and sent, with passwords and secrets masked."),
            Flag("log-json", "Log in JSON, one object a line."),
            Parameter(
                "metrics",
                (
                    "Endpoint for HTTP with /metrics for Prometheus and /healthz. It has "
                    "no password: keep it private."
                ),
                "ENDPOINT",
                None,
                str,
            ),
        ),
    ),
    OptionGroup(
        "Limits",
        (
            Parameter(
                "max-frame",
                (
                    "Longest frame accepted, in bytes; at most 2048 until the client has "
                    "joined or logged in."
                ),
                "BYTES",
                Limits.max_frame,
                number(64),
            ),
            Parameter(
                "max-message",
                "Longest message accepted, in bytes; by default that of --max-frame.",
                "BYTES",
                None,
                number(1),
            ),
            Parameter(
                "send-queue",
                (
                    "Bytes of output that may wait for a client; a client that lets more "
                    "wait is disconnected. Half of it until the client has joined or "
                    "logged in."
                ),
                "BYTES",
                Limits.send_queue,
                number(1024),
            ),
            Parameter(
                "rate",
                "Frames that the server processes per second and client; 0: no limit.",
                "FRAMES",
                Limits.rate,
                number(0),
            ),
            Parameter(
                "burst",
                "Frames that the server processes at once per client; 0: no limit.",
                "FRAMES",
                Limits.burst,
                number(0),
            ),
            Parameter(
                "byte-rate",
                (
                    "Bytes that the server reads per second and client, and four times as "
                    f"many from one address; 0: no limit. By default {BYTE_RATE}, or no "
                    "limit with --rate 0."
                ),
                "BYTES",
                None,
                number(0),
            ),
            Parameter(
                "byte-burst",
                (
                    "Bytes that the server reads at once per client, and four times as "
                    "many from one address; 0: no limit."
                ),
                "BYTES",
                Limits.byte_burst,
                number(0),
            ),
            Parameter(
                "max-clients",
                "Connections at once; 0: no limit.",
                "N",
                Limits.max_clients,
                number(0),
            ),
            Parameter(
                "max-per-address",
                (
                    "Connections at once from one address (or IPv6 /64); 0: no limit. "
                    "Connections from this machine do not count."
                ),
                "N",
                Limits.max_per_address,
                number(0),
            ),
            Parameter(
                "first-frame",
                "Seconds a client has to send its first frame; 0: no limit.",
                "SECONDS",
                Limits.first_frame,
                number(0),
            ),
            Parameter(
                "idle-timeout",
                "Seconds without a frame after which a client is disconnected; 0: never.",
                "SECONDS",
                Limits.idle_timeout,
                number(0),
            ),
        ),
    ),
)
