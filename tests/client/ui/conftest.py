"""Fixtures for tests of the user interface."""

import time

import pytest

from chatd.client.ui.command_mode import CommandMode


@pytest.fixture
def frontend():
    """Return command mode with a connection, before the first join."""
    frontend = CommandMode()
    frontend.connected()
    return frontend


@pytest.fixture
def utc(monkeypatch):
    """Set the local time to UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def zone(monkeypatch):
    """Set a local time two hours ahead of UTC."""
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
