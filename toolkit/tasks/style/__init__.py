"""Style transfer, and the networks whose features tell a style."""
