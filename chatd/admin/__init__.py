"""The console: its commands, and how an administrator reaches it."""
