"""The words of IRC: lines, numerics, capabilities, and how events look. Pure, as its parent."""
