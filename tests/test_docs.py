"""The documents name files, links and options that exist."""

import re
from pathlib import Path

import pytest

from chatd.daemon.options import Options

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request):
    """Return each document in turn."""
    return request.param


def test_files(document):
    """A file that a document names exists, below the checkout or below the package."""
    text = document.read_text("utf-8")
    # Capabilities of IRC have names such as `draft/multiline`.
    names = re.findall(r"`(?!draft/)((?:[a-z_]+/)+[a-z_0-9]*(?:\.[a-z]+)?)`", text)
    missing = [
        name for name in names if not ((ROOT / name).exists() or (ROOT / "chatd" / name).exists())
    ]
    assert not missing


def test_links(document):
    """A relative link leads to a file, and its anchor to a heading there."""
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(file):
    """Return the anchors of the headings in a document."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_options():
    """docs/operation.md describes every option of the server."""
    text = (ROOT / "docs" / "operation.md").read_text("utf-8")
    options = [option[0] for option in (*Options.optParameters, *Options.optFlags)]
    assert options
    for option in options:
        assert f"`--{option}" in text, option
