"""The user interface of the line client: command mode, guided mode, terminals and pipes."""
