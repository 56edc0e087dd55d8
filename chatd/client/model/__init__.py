"""The state of the line client, without input or output: what a server tells goes in, what to do comes out."""
