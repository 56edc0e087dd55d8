"""The protocol without input and output: framing, codecs, commands, replies, and their words."""
