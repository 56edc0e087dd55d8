"""What the server counts of its connections and logins, for the metrics."""

from __future__ import annotations


class Counters:
    """Totals since the server started.

    `accepted`, `refused` and `aborted` are connections: those that came and got a session, those
    that a limit kept out, and those that were aborted because the client did not read.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.refused = 0
        self.aborted = 0
        self.failed_logins = 0

    def connection_accepted(self) -> None:
        """Count a connection for which a session was made."""
        self.accepted += 1

    def connection_refused(self) -> None:
        """Count a connection that a limit kept out."""
        self.refused += 1

    def connection_aborted(self) -> None:
        """Count a connection whose client did not read its output."""
        self.aborted += 1

    def login_failed(self) -> None:
        """Count a login with a wrong username or password."""
        self.failed_logins += 1
