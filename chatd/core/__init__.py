"""The chat itself: names, rooms, rules and events. Pure: no I/O, no clock, no randomness, no Twisted."""
