"""What the operator can choose, as plain values (spec section 1). Where they come from is tap.py's."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatd.core.chat import Rules
from chatd.server.limits import Limits


@dataclass(frozen=True)
class Config:
    """The options, each with its default."""

    listen: tuple[str, ...] = ("tcp:9999:interface=localhost",)
    store: str = "sqlite:///chatd.db"
    rooms: tuple[tuple[str, str], ...] = ()
    rules: Rules = field(default_factory=Rules)
    max_rooms: int = 1000
    replay: int = 0
    keep: int = 0
    hide_addresses: bool = False
    trace: bool = False
    console: bool = True
    admin: str = "chatd-admin.sock"
    motd: str = ""
    metrics: str = ""
    limits: Limits = field(default_factory=Limits)
