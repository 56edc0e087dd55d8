"""`python -m docs.picture [--port PORT] [FILE]`: draw the picture of the README.

It needs the extra `picture`, and starts a server at PORT of this machine for some seconds.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from docs.picture.conversation import Conversation
from docs.picture.svg import picture

_TITLE: Final = "Two line clients in a room of chatd, and the console of the server"


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m docs.picture", description="Draw the picture.")
    parser.add_argument("--port", type=int, default=9999, help="a free port; default: 9999")
    default = Path(__file__).parents[1] / "picture.svg"
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, default=default)
    options = parser.parse_args()
    with Conversation(options.port) as conversation:
        conversation.speak()
        windows = conversation.windows()
    options.file.write_text(picture(_TITLE, windows), "utf-8")


if __name__ == "__main__":
    main()
