"""Tells twistd that there is a chatd; imports nothing of it until it is asked for."""

from twisted.application.service import ServiceMaker

chatd = ServiceMaker(
    "chatd", "chatd.daemon.tap", "A chat daemon: rooms, messages, a console.", "chatd"
)
