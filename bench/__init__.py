"""The benchmark: the messages a second that servers deliver, and that the machine allows."""
