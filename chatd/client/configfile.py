"""The client's configuration file: defaults for the options, and servers by name.

A key at the top of the file counts for all servers, one in the table of a server for that server.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_LAST_PORT: Final = 65535


class ConfigError(Exception):
    """The configuration or an option is wrong; the message is the one line to show."""


def _is_port(value: object) -> bool:
    return type(value) is int and 1 <= value <= _LAST_PORT


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_TEXT: Final = (_is_text, "has to be a text")
_SWITCH: Final = (_is_switch, "has to be true or false")
_KEYS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "host": _TEXT,
    "port": (_is_port, "has to be a number from 1 to 65535"),
    "tls": _SWITCH,
    "cafile": _TEXT,
    "guided": _SWITCH,
    "name": _TEXT,
    "room": (
        lambda value: _is_text(value) or _is_list_of_texts(value),
        "has to be a text or a list of texts",
    ),
    "login": _TEXT,
    "remember": _SWITCH,
    "bell": _SWITCH,
}
"""The keys, each with a check of its value and the words about a wrong one."""


class Config:
    """The values of a file; `read` makes one. Without a file there are none."""

    def __init__(
        self,
        path: Path | None = None,
        values: Mapping[str, Any] = {},
        servers: Mapping[str, Mapping[str, Any]] = {},
    ) -> None:
        self._path = path
        self._values = values
        self._servers = servers

    def has_server(self, name: str) -> bool:
        """Tell whether the file has a server of that name."""
        return name in self._servers

    def values(self, server: str | None = None) -> dict[str, Any]:
        """Return the values for a server, or for servers without a name.

        Raises `ConfigError` for a named server without a host.
        """
        table = self._servers[server] if server is not None else {}
        if server is not None and "host" not in table:
            raise ConfigError(f"{self._path}: [{server}] has no host")
        values = {**self._values, **table}
        if isinstance(values.get("room"), str):
            values["room"] = [values["room"]]
        if "cafile" in values and self._path is not None:
            values["cafile"] = str(self._path.parent / Path(values["cafile"]).expanduser())
        return values


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the file that is read if no other is named."""
    base = environment.get("XDG_CONFIG_HOME", "")
    directory = Path(base) if Path(base).is_absolute() else Path("~/.config").expanduser()
    return directory / "chatd" / "client.toml"


def read(path: Path) -> Config:
    """Return the values in a file; raise `ConfigError` if it cannot be read or is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    servers = {key: value for key, value in content.items() if isinstance(value, dict)}
    values = {key: value for key, value in content.items() if key not in servers}
    _check(path, values, "")
    for name, table in servers.items():
        _check(path, table, f"[{name}] ")
    return Config(path, values, servers)


def read_default() -> Config:
    """Return the values in the default file, which may be missing."""
    path = default_path()
    return read(path) if path.exists() else Config()


def _check(path: Path, values: Mapping[str, Any], where: str) -> None:
    for key, value in values.items():
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise ConfigError(f"{path}: {where}{key}: unknown key (known are {known})")
        is_allowed, words = _KEYS[key]
        if not is_allowed(value):
            raise ConfigError(f"{path}: {where}{key}: {words}")
