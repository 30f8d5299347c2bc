"""Questions, and texts that hold their answers."""
