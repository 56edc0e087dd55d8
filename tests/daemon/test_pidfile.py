"""The pid file that a server left which was killed."""

import os
import subprocess
import sys

import pytest

from chatd.daemon.pidfile import prepare_pid_file


@pytest.fixture
def file(tmp_path):
    """Return the path of a pid file."""
    return tmp_path / "twistd.pid"


@pytest.mark.parametrize("pid", [os.getpid, os.getppid])
def test_a_file_that_names_no_other_twistd_is_removed(file, pid):
    """In a container the new server has the id of the one before; elsewhere any program may."""
    file.write_text(str(pid()))
    prepare_pid_file(str(file))
    assert not file.exists()


def test_the_file_of_a_running_twistd_stays(file):
    """Twistd itself refuses to start then, with its own words."""
    command = [sys.executable, "-c", "input('it runs')", "twistd"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout.read(1)
        file.write_text(str(other.pid))
        prepare_pid_file(str(file))
        assert file.read_text() == str(other.pid)
        other.stdin.write(b"\n")


@pytest.mark.parametrize("text", ["", "no number", "999999999"])
def test_a_file_that_twistd_judges_stays(file, text):
    """Twistd removes the file of a process that has ended, and reports one without a number."""
    file.write_text(text)
    prepare_pid_file(str(file))
    assert file.read_text() == text


def test_no_file_is_made(file):
    """Whether the file can be written is tried, and nothing is left of the trial."""
    prepare_pid_file(str(file))
    prepare_pid_file("")
    assert not file.exists()


def test_a_directory_that_does_not_exist(file):
    """A file that cannot be written is an error."""
    with pytest.raises(OSError, match="No such file"):
        prepare_pid_file(str(file.parent / "none" / "twistd.pid"))
