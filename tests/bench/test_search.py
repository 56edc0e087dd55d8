"""A short run of `python -m bench.search`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*options):
    """Run the benchmark with few messages; return its exit status and what it prints."""
    command = [sys.executable, "-m", "bench.search", "--messages", "3000", "--rounds", "2"]
    ended = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_a_run():
    """It prints a row for each kind of query, twice, and finds common words in both."""
    status, printed = run()
    assert status == 0, printed
    rows = [line.split() for line in printed.splitlines() if line.startswith("common word  ")]
    assert len(rows) == 2
    assert all(row[-1] == "20.0" for row in rows)
    assert printed.count("absent word") == 2
    assert "of the index" in printed


def test_a_store_with_messages(tmp_path):
    """It is refused, as the figures would be wrong."""
    url = f"sqlite:///{tmp_path}/chatd.db"
    assert run("--store", url)[0] == 0
    status, printed = run("--store", url)
    assert status == 1
    assert printed.splitlines()[-1] == f"search: {url} has messages already."


def test_a_store_that_cannot_be_opened():
    """The program says why, and ends with status 1."""
    status, printed = run("--store", "sqlite:////no/such/directory/chatd.db")
    assert status == 1
    assert "cannot be opened" in printed.splitlines()[-1]
