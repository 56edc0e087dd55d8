"""The IRC gateway: every IRC client is a client of the chat."""
