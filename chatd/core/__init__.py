"""The chat: names, users, rooms, rules and events. Pure: no I/O, no clock, no Twisted."""
