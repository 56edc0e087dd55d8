"""The plugin that makes `chatd` a command of twistd; it imports chatd only when that is run."""

from twisted.application.service import ServiceMaker

chatd = ServiceMaker(
    "chatd", "chatd.daemon.tap", "A chat daemon: rooms, messages, a console.", "chatd"
)
