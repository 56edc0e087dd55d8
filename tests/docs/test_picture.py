"""The script that draws the picture of the README, with real programs on real terminals."""

import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_script(tmp_path):
    """The script draws what the users and the administrator see, with times that do not change."""
    pytest.importorskip("pyte", reason="the picture needs pyte")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    file = tmp_path / "picture.svg"
    command = [sys.executable, "-m", "docs.picture", "--port", str(port), str(file)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=100)
    words = [*ET.fromstring(file.read_text("utf-8")).itertext()]
    text = "".join(words)
    assert text.count("I bring the cake") == 2
    assert text.count("was kicked out.") == 2
    assert text.count("happy birthday!") == 2
    assert "127.0.0.1" in text
    times = [word for word in words if word.startswith("[12:15:")]
    assert times
