"""The line client. It knows what goes over the wire, and nothing else of the server."""
