"""Writing to a descriptor that others share, and in a thread."""

import errno
import os
import time
from types import SimpleNamespace

import pytest

from chatd.io import MAX_WAITING, BackgroundWriter, write_all


def test_a_descriptor_that_is_not_blocking(monkeypatch):
    """Nothing is lost where another process made the descriptor non-blocking."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    printed = []

    def wait_until_writable(_, waiting, __):
        assert waiting == [writing]
        printed.append(os.read(reading, 10_000))

    monkeypatch.setattr("chatd.io.select.select", wait_until_writable)
    write_all(writing, b"x" * 200_000)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        printed.append(source.read())
    assert len(printed) > 1
    assert b"".join(printed) == b"x" * 200_000


@pytest.fixture
def piped():
    """Return a writer on a pipe, the pipe's other end, and the errors that were reported."""
    reading, writing = os.pipe()
    errors = []
    writer = BackgroundWriter(writing, lambda lines: b"(%d lost)\n" % lines, errors.append)
    yield SimpleNamespace(writer=writer, reading=reading, writing=writing, errors=errors)
    writer.close()
    for descriptor in (reading, writing):
        os.close(descriptor)


def read_until(descriptor, end):
    """Return what is read up to `end`."""
    data = b""
    while not data.endswith(end):
        data += os.read(descriptor, 65536)
    return data


def test_nothing_to_write(piped):
    """An empty write does not end the thread."""
    piped.writer.start()
    piped.writer.write(b"one\n")
    assert read_until(piped.reading, b"\n") == b"one\n"
    piped.writer.write(b"")
    while piped.writer._waiting:
        time.sleep(0)
    piped.writer.write(b"two\n")
    piped.writer.close()
    os.set_blocking(piped.reading, False)
    assert os.read(piped.reading, 100) == b"two\n"


def test_nobody_reads(piped):
    """The caller goes on; lines past the limit are lost, and their number is written."""
    writer, line = piped.writer, b"x" * 1023 + b"\n"
    writer.start()
    first = 200
    writer.write(line * first)
    while writer._waiting:  # the thread takes it, and waits for a reader: the pipe is full
        time.sleep(0)
    written = first + 2 * MAX_WAITING // len(line) + 100
    for _ in range(written - first):
        writer.write(line)
    assert writer.lost > 0
    writer.write(b"kept\n" * 1000, always=True)
    data = read_until(piped.reading, b" lost)\n")
    assert data.count(line) == written - writer.lost
    assert data.endswith(b"kept\n(%d lost)\n" % writer.lost)
    writer.write(b"after\n")
    assert read_until(piped.reading, b"after\n") == b"after\n"


def test_the_end_does_not_wait_for_a_reader(piped, monkeypatch):
    """At the end, lines that nobody reads are left; those that are read are all written."""
    monkeypatch.setattr("chatd.io._STUCK_SECONDS", 0.01)
    piped.writer.start()
    piped.writer.write(b"x" * 200_000 + b"\n")
    piped.writer.close()
    assert piped.writer._thread.is_alive()
    read_until(piped.reading, b"\n")
    piped.writer._thread.join()


@pytest.fixture
def disk(monkeypatch):
    """Return a disk that `os.write` writes to: what was `written`, and `room` for more bytes."""
    disk = SimpleNamespace(room=0, written=b"")

    def write(_, data):
        if not disk.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = bytes(data[: disk.room])
        disk.room -= len(part)
        disk.written += part
        return len(part)

    monkeypatch.setattr("chatd.io.os.write", write)
    return disk


@pytest.mark.parametrize("threaded", [False, True])
def test_a_full_disk(piped, disk, threaded):
    """An error is reported once; later the number of lost lines is written."""
    disk.room = 3
    writer = piped.writer
    for lines in (b"one\n", b"two\nthree\n", b"four\n"):
        if lines == b"four\n":
            disk.room = 1000
        writer.write(lines)
    if threaded:
        writer.start()
        writer.write(b"five\n")
        writer.close()
    assert disk.written == b"one\n(3 lost)\nfour\n" + (b"five\n" if threaded else b"")
    assert writer.lost == 3
    assert [error.errno for error in piped.errors] == [errno.ENOSPC]


def test_a_full_disk_that_has_room_for_a_part_of_the_notice(piped, disk):
    """The notice is written again."""
    for available in (0, 2, 1000):
        disk.room = available
        piped.writer.write(b"line\n")
    assert disk.written == b"(1\n(2 lost)\nline\n"
