"""The files that the client keeps between two starts: typed lines, and remembered logins.

Both are in one directory that only its owner may read. Several clients may use them at once: each
change is made under a lock. A file that cannot be read or written is done without.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from chatd.client.ui.remember import Login

MAX_HISTORY: Final = 256 * 1024
"""How many bytes the typed lines may have, before the older half is dropped."""

_MAX_LOGINS: Final = 100
_FILE_MODE: Final = 0o600
_DIRECTORY_MODE: Final = 0o700


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of the files."""
    base = environment.get("XDG_STATE_HOME", "")
    parent = Path(base) if Path(base).is_absolute() else Path("~/.local/state").expanduser()
    return parent / "chatd"


class HistoryFile:
    """The lines typed before, each as JSON."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "history"

    def load(self) -> list[str]:
        """Return the lines, the oldest first."""
        try:
            content = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return [line for line in map(_decoded, content.splitlines()) if isinstance(line, str)]

    def add(self, line: str) -> None:
        """Add a line."""
        encoded = json.dumps(line).encode() + b"\n"
        with suppress(OSError), _locked(self._path):
            content = self._path.read_bytes() if self._path.exists() else b""
            if len(content) + len(encoded) > MAX_HISTORY:
                _, _, content = content[-MAX_HISTORY // 2 :].partition(b"\n")
                _replace(self._path, content + encoded)
            else:
                _append(self._path, encoded)


class LoginFile:
    """The remembered logins, by server and account; the last one used comes last."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "logins"

    def find(self, server: str, account: str | None) -> Login | None:
        """Return the login at a server: that of an account, or the last one."""
        found = [each for each in self._load() if each.server == server]
        return next((each for each in reversed(found) if account in (None, each.account)), None)

    def keep(self, login: Login) -> None:
        """Keep a login, in place of one of the same account."""
        with suppress(OSError), _locked(self._path):
            self._save([*self._others(login.server, login.account), login])

    def forget(self, server: str, account: str) -> None:
        """Forget the login of an account."""
        with suppress(OSError), _locked(self._path):
            self._save(self._others(server, account))

    def _others(self, server: str, account: str) -> list[Login]:
        return [each for each in self._load() if (each.server, each.account) != (server, account)]

    def _load(self) -> list[Login]:
        try:
            content = _decoded(self._path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return []
        rows = content if isinstance(content, list) else []
        return [login for login in map(_login, rows) if login is not None]

    def _save(self, logins: list[Login]) -> None:
        rows = [each._asdict() for each in logins[-_MAX_LOGINS:]]
        _replace(self._path, json.dumps(rows, indent=1).encode() + b"\n")


def _login(row: Any) -> Login | None:
    try:
        server, account, token = str(row["server"]), str(row["account"]), str(row["token"])
        return Login(server, account, token, tuple(map(str, row["rooms"])))
    except (KeyError, TypeError):
        return None


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Make the directory of a file, and lock the file against other clients."""
    path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    path.parent.chmod(_DIRECTORY_MODE)
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _FILE_MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _append(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, _FILE_MODE), "wb") as file:
        file.write(content)


def _replace(path: Path, content: bytes) -> None:
    """Replace a file, so that no client reads half of it."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    _append(new, content)
    new.replace(path)
