"""Data sets in sharded files: read at random while training, and never whole in memory."""
