"""The model of the line client, without I/O: events go in, requests and updates come out."""
