"""chatd: a chat daemon on Twisted."""

from importlib.metadata import version

__version__ = version("chatd")
