"""Fan-out: one event of a room to all its subscribers, in order, one write a session and turn."""
