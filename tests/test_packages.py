"""The packages that are installed."""

from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_all_packages_are_installed():
    """setup.cfg names each package: a checkout would find one that is missing there."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = config["options"]["packages"].split()
    found = [path.parent.relative_to(ROOT) for path in ROOT.glob("chatd/**/__init__.py")]
    assert sorted(named) == sorted([".".join(path.parts) for path in found] + ["twisted.plugins"])
