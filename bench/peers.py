"""Servers of other projects, as Debian packages them, configured without limits and logging.

Each function writes a configuration into a directory, and returns the command that runs the server
there in the foreground, on a port of 127.0.0.1.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_CLIENTS: Final = 16384

_NGIRCD: Final = """\
[Global]
Name = irc.bench.test
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = bench
{user}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
"""

_INSPIRCD: Final = """\
<config format="xml">
<server name="irc.bench.test" description="bench" network="bench">
<admin name="bench" nick="bench" email="bench@bench.test">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="bench" allow="*" timeout="60" pingfreq="3600" fakelag="off" commandrate="1000000000"
 threshold="1000000" hardsendq="1073741824" softsendq="1073741824" recvq="1073741824"
 localmax="{clients}" globalmax="{clients}" limit="{clients}" maxconnwarn="no" maxchans="100"
 resolvehostnames="no" uniqueusername="no">
<limits maxline="2048">
<performance softlimit="{clients}" somaxconn="1024" quietbursts="yes" netbuffersize="65534">
<options defaultmodes="n" hostintopic="no">
<security hidewhois="" maxtargets="20">
<log method="stderr" level="default" type="*">
"""

_REDIS: Final = """\
bind 127.0.0.1
port {port}
tcp-backlog 1024
daemonize no
save ""
appendonly no
maxclients {clients}
client-output-buffer-limit pubsub 0 0 0
client-output-buffer-limit normal 0 0 0
loglevel warning
dir {directory}
"""

_NATS: Final = """\
listen: "127.0.0.1:{port}"
max_connections: {clients}
max_pending: 1GB
write_deadline: "60s"
ping_interval: "1h"
"""


def ngircd(directory: Path, port: int) -> list[str]:
    """Return the command of ngIRCd, which runs as the user nobody if root starts it."""
    user = "ServerUID = nobody\nServerGID = nogroup" if _is_root() else ""
    return ["ngircd", "--nodaemon", "--config", _write(directory, _NGIRCD, port, user)]


def inspircd(directory: Path, port: int) -> list[str]:
    """Return the command of InspIRCd, which runs as root only with an option."""
    command = ["inspircd", "--nofork", "--nopid", "--config", _write(directory, _INSPIRCD, port)]
    return [*command, "--runasroot"] if _is_root() else command


def redis(directory: Path, port: int) -> list[str]:
    """Return the command of Redis, without persistence."""
    return ["redis-server", _write(directory, _REDIS, port)]


def nats(directory: Path, port: int) -> list[str]:
    """Return the command of NATS."""
    return ["nats-server", "--config", _write(directory, _NATS, port)]


def _write(directory: Path, configuration: str, port: int, user: str = "") -> str:
    path = directory / "conf"
    words = {"port": port, "clients": _CLIENTS, "directory": directory, "user": user}
    path.write_text(configuration.format(**words))
    return str(path)


def _is_root() -> bool:
    return os.geteuid() == 0
