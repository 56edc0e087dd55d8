"""The console: its commands, and the doors an administrator comes through."""
