"""What was said: written to the store, read from there, and removed when it is old."""
