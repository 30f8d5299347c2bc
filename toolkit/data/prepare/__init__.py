"""From a data set to sharded files: by several processes, restartable, and text in pieces."""
