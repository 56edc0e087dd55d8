"""UNIX sockets and locks that a killed server left."""

import os
import socket

import pytest

from chatd.server.stalesocket import remove_stale_socket


@pytest.fixture
def path(tmp_path):
    """Return the path of a socket."""
    return tmp_path / "chat.sock"


@pytest.fixture
def lock(path):
    """Return the path of the lock beside it."""
    return path.with_name("chat.sock.lock")


def test_a_stale_socket_is_removed_with_its_lock(path, lock):
    """The lock may name a process that runs: ids are used again."""
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    lock.symlink_to(str(os.getppid()))
    remove_stale_socket(path)
    assert not path.exists()
    assert not lock.is_symlink()


@pytest.mark.parametrize("backlog", [8, 0])
def test_the_socket_of_a_server_stays(path, lock, backlog):
    """A server that is busy answers, too."""
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as waiting:
        server.bind(str(path))
        server.listen(backlog)
        waiting.connect(str(path))
        lock.symlink_to(str(os.getpid()))
        with pytest.raises(FileExistsError, match="another server answers there"):
            remove_stale_socket(path)
    assert path.exists()
    assert lock.is_symlink()


def test_another_file_stays(path):
    """A file that is no socket is not removed."""
    path.touch()
    with pytest.raises(FileExistsError, match="no socket"):
        remove_stale_socket(path)
    assert path.exists()


@pytest.mark.parametrize(("pid", "stays"), [(os.getpid, False), (os.getppid, True)])
def test_a_lock_without_a_socket(path, lock, pid, stays):
    """A lock that names this process is of a server before it; another is Twisted's to judge."""
    remove_stale_socket(path)
    lock.symlink_to(str(pid()))
    remove_stale_socket(path)
    assert lock.is_symlink() is stays
