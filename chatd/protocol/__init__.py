"""Bytes to requests, events to bytes: framings, dialects, and the table of commands. Pure."""
