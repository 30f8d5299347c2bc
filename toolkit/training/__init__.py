"""Training: run folders, fit, checkpoints, and what is done with a finished run."""
